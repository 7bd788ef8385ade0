"""A spline as an object; flat tables, the slope by the chain rule, the way back polished by a step of Newton's."""


class Spline:
    def __init__(self, widths, heights, slopes, bound):
        self.bound, K = bound, widths.shape[-1]
        edges = []
        for numbers in (widths, heights):
            share = 0.001 + (1 - 0.001 * K) * torch.exp(torch.log_softmax(numbers, dim=-1))
            edges.append(torch.cat([-bound + 0 * share[..., :1], 2 * bound * share.cumsum(-1) - bound], -1))
        self.x, self.y = edges
        ends = torch.ones_like(self.x[..., :1])
        self.slope = torch.cat([ends, 0.001 + F.softplus(slopes), ends], -1)

    def piece(self, values, edges):
        inner = edges[..., 1:-1]
        index = torch.zeros_like(values, dtype=torch.int64)
        for k in range(inner.shape[-1]):
            index += values >= inner[..., k]

        def at(table, shift):
            return torch.take_along_dim(table, (index + shift)[..., None], dim=-1)[..., 0]

        return [at(table, shift) for table in (self.x, self.y, self.slope) for shift in (0, 1)]

    def __call__(self, x):
        x0, x1, y0, y1, d0, d1 = self.piece(x, self.x)
        outside = ~(x.abs() < self.bound)
        t = torch.where(outside, 0.5, (x - x0) / (x1 - x0)).clamp(0, 1)
        s = (y1 - y0) / (x1 - x0)
        top, bottom = s * t**2 + d0 * t * (1 - t), s + (d0 + d1 - 2 * s) * t * (1 - t)
        top_slope, bottom_slope = 2 * s * t + d0 * (1 - 2 * t), (d0 + d1 - 2 * s) * (1 - 2 * t)
        y = y0 + (y1 - y0) * top / bottom
        slope = s * (top_slope * bottom - top * bottom_slope) / bottom**2
        return torch.where(outside, x, y), torch.where(outside, 0.0, torch.log(slope.where(~outside, 1.0)))

    def back(self, y):
        x0, x1, y0, y1, d0, d1 = self.piece(y, self.y)
        outside = ~(y.abs() < self.bound)
        v, w, h = (y - y0).clamp(min=0).where(~outside, 0.0), x1 - x0, y1 - y0
        s = h / w
        q = d0 + d1 - 2 * s
        b = h * d0 - v * q
        root = 2 * s * v / (b + (b * b + 4 * s * v * (h * (s - d0) + v * q)).clamp(min=0).sqrt())
        x = torch.where(outside, y, x0 + w * root)
        again, log_slope = self(x)
        polished = x - (again - y) * torch.exp(-log_slope)
        return polished, -log_slope


def spline_knots(widths, heights, slopes, bound):
    spline = Spline(widths, heights, slopes, bound)
    return spline.x, spline.y, spline.slope


def rational_quadratic(x, widths, heights, slopes, bound):
    return Spline(widths, heights, slopes, bound)(x)


def rational_quadratic_inverse(y, widths, heights, slopes, bound):
    return Spline(widths, heights, slopes, bound).back(y)


class SplineCoupling(nn.Module):
    """Only the dimensions that are bent are computed."""

    def __init__(self, num_dims, hidden, mask, num_bins, bound, conditioner=None):
        super().__init__()
        self.passing, self.bent = (part.nonzero().flatten().tolist() for part in (mask, ~mask))
        self.num_dims, self.K, self.bound = num_dims, num_bins, bound
        if conditioner is None:
            self.enter, self.leave = (
                nn.Linear(num_dims, hidden),
                nn.Linear(hidden, num_dims * (3 * num_bins - 1)),
            )
            self.middle = nn.Linear(hidden, hidden)
        self.given = conditioner

    def spline(self, values):
        known = torch.zeros_like(values)
        known[:, self.passing] = values[:, self.passing]
        if self.given is None:
            numbers = self.leave(F.gelu(self.middle(F.gelu(self.enter(known)))))
        else:
            numbers = self.given(known)
        rows = numbers.view(len(values), self.num_dims, 3 * self.K - 1)[:, self.bent]
        return Spline(
            rows[..., : self.K], rows[..., self.K : 2 * self.K], rows[..., 2 * self.K :], self.bound
        )

    def forward(self, z):
        x, (bent, log_slope) = z.clone(), self.spline(z)(z[:, self.bent])
        x[:, self.bent] = bent
        return x, log_slope.sum(-1)

    def inverse(self, x):
        z, (found, log_slope) = x.clone(), self.spline(x).back(x[:, self.bent])
        z[:, self.bent] = found
        return z, log_slope.sum(-1)
