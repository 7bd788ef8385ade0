"""One bin after the other, each from a mask of the values that fall into it."""


def spline_knots(widths, heights, slopes, bound):
    def edges(numbers):
        num_bins = numbers.shape[-1]
        shares = torch.exp(numbers - torch.logsumexp(numbers, dim=-1, keepdim=True))
        places = [torch.full_like(numbers[..., 0], -bound)]
        for k in range(num_bins):
            places.append(places[-1] + 2 * bound * (0.001 + (1 - 0.001 * num_bins) * shares[..., k]))
        return torch.stack(places, dim=-1)

    one = torch.ones_like(widths[..., 0])
    inner = [0.001 + torch.logaddexp(slopes[..., k], 0 * slopes[..., k]) for k in range(slopes.shape[-1])]
    return edges(widths), edges(heights), torch.stack([one, *inner, one], dim=-1)


def rational_quadratic(x, widths, heights, slopes, bound):
    xs, ys, deltas = spline_knots(widths, heights, slopes, bound)
    y, log_slope = x.clone(), torch.zeros_like(x)
    for k in range(widths.shape[-1]):
        here = (xs[..., k] <= x) & (x < xs[..., k + 1]) & (x > -bound) & (x < bound)
        if k == widths.shape[-1] - 1:
            here = (xs[..., k] <= x) & (x < bound)
        x0, y0, d0, d1 = xs[..., k][here], ys[..., k][here], deltas[..., k][here], deltas[..., k + 1][here]
        w, h = xs[..., k + 1][here] - x0, ys[..., k + 1][here] - y0
        s, t = h / w, (x[here] - x0) / w
        u = 1 - t
        below = s + (d0 + d1 - 2 * s) * t * u
        y[here] = y0 + h * (s * t * t + d0 * t * u) / below
        log_slope[here] = 2 * torch.log(s / below) + torch.log(d1 * t * t + 2 * s * t * u + d0 * u * u)
    return y, log_slope


def rational_quadratic_inverse(y, widths, heights, slopes, bound):
    xs, ys, deltas = spline_knots(widths, heights, slopes, bound)
    x = y.clone()
    for k in range(widths.shape[-1]):
        here = (ys[..., k] <= y) & (y < ys[..., k + 1]) & (y > -bound) & (y < bound)
        if k == widths.shape[-1] - 1:
            here = (ys[..., k] <= y) & (y < bound)
        x0, y0, d0, d1 = xs[..., k][here], ys[..., k][here], deltas[..., k][here], deltas[..., k + 1][here]
        w, h = xs[..., k + 1][here] - x0, ys[..., k + 1][here] - y0
        s, v = h / w, y[here] - y0
        q = d0 + d1 - 2 * s
        a, b, c = h * (s - d0) + v * q, h * d0 - v * q, -s * v
        x[here] = x0 + w * 2 * c / (-b - torch.sqrt(b * b - 4 * a * c))
    return x, -rational_quadratic(x, widths, heights, slopes, bound)[1]


class SplineCoupling(nn.Module):
    def __init__(self, num_dims, hidden, mask, num_bins, bound, conditioner=None):
        super().__init__()
        self.mask, self.num_bins, self.bound = mask.tolist(), num_bins, bound
        if conditioner is None:
            width = num_dims * (3 * num_bins - 1)
            conditioner = nn.Sequential(
                nn.Linear(num_dims, hidden),
                nn.Tanh(),
                nn.Linear(hidden, hidden),
                nn.Tanh(),
                nn.Linear(hidden, width),
            )
        self.conditioner = conditioner

    def walk(self, values, spline):
        known = torch.stack(
            [values[:, i] if passes else 0 * values[:, i] for i, passes in enumerate(self.mask)], dim=1
        )
        rows = self.conditioner(known).reshape(len(values), len(self.mask), -1)
        columns, log_det = [], values.new_zeros(len(values))
        K = self.num_bins
        for i, passes in enumerate(self.mask):
            if passes:
                columns.append(values[:, i])
                continue
            row = rows[:, i]
            column, log_slope = spline(
                values[:, i], row[:, :K], row[:, K : 2 * K], row[:, 2 * K :], self.bound
            )
            columns.append(column)
            log_det = log_det + log_slope
        return torch.stack(columns, dim=1), log_det

    def forward(self, z):
        return self.walk(z, rational_quadratic)

    def inverse(self, x):
        return self.walk(x, rational_quadratic_inverse)
