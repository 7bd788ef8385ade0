"""All bins at once: each piece is computed for every value, and the right one picked by a one-hot sum."""


def spline_knots(widths, heights, slopes, bound):
    shares = torch.softmax(torch.stack([widths, heights]), dim=-1)
    num_bins = widths.shape[-1]
    sizes = 2 * bound * torch.lerp(shares, torch.full_like(shares, 1 / num_bins), 0.001 * num_bins)
    edges = torch.cat([torch.full_like(sizes[..., :1], -bound), sizes.cumsum(-1) - bound], dim=-1)
    ends = torch.ones_like(widths[..., :1])
    return edges[0], edges[1], torch.cat([ends, F.softplus(slopes, threshold=50.0).add(0.001), ends], dim=-1)


def pieces(widths, heights, slopes, bound):
    xs, ys, deltas = spline_knots(widths, heights, slopes, bound)
    w, h = xs.diff(dim=-1), ys.diff(dim=-1)
    return xs, ys, w, h, h / w, deltas[..., :-1], deltas[..., 1:]


def chosen(values, edges):
    places = torch.searchsorted(edges[..., 1:-1].contiguous(), values[..., None].contiguous(), right=True)
    return F.one_hot(places.squeeze(-1), edges.shape[-1] - 1).to(values.dtype)


def pick(hot, table):
    return (hot * table).sum(-1)


def rational_quadratic(x, widths, heights, slopes, bound):
    xs, ys, w, h, s, d0, d1 = pieces(widths, heights, slopes, bound)
    t = ((x[..., None] - xs[..., :-1]) / w).clamp(0, 1)
    u = t * (1 - t)
    below = s + (d0 + d1 - 2 * s) * u
    hot = chosen(x, xs)
    y = pick(hot, ys[..., :-1] + h * (s * t**2 + d0 * u) / below)
    log_slope = pick(hot, (s**2 * (d1 * t**2 + 2 * s * u + d0 * (1 - t) ** 2) / below**2).log())
    outside = x.abs() >= bound
    return torch.where(outside, x, y), log_slope.masked_fill(outside, 0)


def rational_quadratic_inverse(y, widths, heights, slopes, bound):
    xs, ys, w, h, s, d0, d1 = pieces(widths, heights, slopes, bound)
    above = (y[..., None] - ys[..., :-1]).clamp(torch.zeros_like(h), h)
    q = d0 + d1 - 2 * s
    b = above * q - h * d0
    t = 2 * s * above / ((b * b + 4 * (h * (s - d0) + above * q) * s * above).sqrt() - b)
    x = pick(chosen(y, ys), xs[..., :-1] + w * t)
    x = torch.where(y.abs() >= bound, y, x)
    return x, rational_quadratic(x, widths, heights, slopes, bound)[1].neg()


class SplineCoupling(nn.Module):
    def __init__(self, num_dims, hidden, mask, num_bins, bound, conditioner=None):
        super().__init__()
        self.register_buffer("keep", mask.to(torch.get_default_dtype()))
        self.sizes, self.bound = [num_bins, num_bins, num_bins - 1], bound
        if conditioner is None:
            conditioner = nn.Sequential(
                nn.Linear(num_dims, hidden),
                nn.SiLU(),
                nn.Linear(hidden, hidden),
                nn.SiLU(),
                nn.Linear(hidden, sum(self.sizes) * num_dims),
                nn.Unflatten(1, (num_dims, sum(self.sizes))),
            )
        self.conditioner = conditioner

    def both(self, values, spline):
        numbers = self.conditioner(values * self.keep).reshape(*values.shape, sum(self.sizes))
        bent, log_slope = spline(values, *numbers.split(self.sizes, dim=-1), self.bound)
        return torch.lerp(bent, values, self.keep), log_slope @ (1 - self.keep)

    def forward(self, z):
        return self.both(z, rational_quadratic)

    def inverse(self, x):
        return self.both(x, rational_quadratic_inverse)
