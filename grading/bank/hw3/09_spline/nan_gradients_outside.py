"""NaN gradients beyond the bound.

Outside, the formula of a bin gives the root or the logarithm of a negative number. `torch.where` does not pick it, so
all values are right. In the gradient it counts zero times NaN, which is NaN, and one step of training spoils every
weight. Clamp what goes into the formula.
"""

SMALLEST = 1e-3  # ε: the smallest share of a bin, and the smallest slope


def spline_knots(
    widths: Float[Tensor, "*shape bins"],
    heights: Float[Tensor, "*shape bins"],
    slopes: Float[Tensor, "*shape inner"],
    bound: float,
) -> tuple[Tensor, Tensor, Tensor]:

    def positions(numbers: Tensor) -> Tensor:
        shares = SMALLEST + (1 - SMALLEST * numbers.shape[-1]) * numbers.softmax(-1)
        return 2 * bound * F.pad(shares.cumsum(-1), (1, 0)) - bound

    return positions(widths), positions(heights), F.pad(SMALLEST + F.softplus(slopes), (1, 1), value=1.0)


def rational_quadratic(
    x: Float[Tensor, "*shape"],
    widths: Float[Tensor, "*shape bins"],
    heights: Float[Tensor, "*shape bins"],
    slopes: Float[Tensor, "*shape inner"],
    bound: float,
) -> tuple[Tensor, Tensor]:
    inside = x.abs() < bound
    knots = spline_knots(widths, heights, slopes, bound)
    low, w, y_low, h, s, left, right = bins(x, knots[0], *knots)
    y, slope = curve((x - low) / w, y_low, h, s, left, right)
    return torch.where(inside, y, x), torch.where(inside, slope.log(), 0.0)


def rational_quadratic_inverse(
    y: Float[Tensor, "*shape"],
    widths: Float[Tensor, "*shape bins"],
    heights: Float[Tensor, "*shape bins"],
    slopes: Float[Tensor, "*shape inner"],
    bound: float,
) -> tuple[Tensor, Tensor]:
    inside = y.abs() < bound
    knots = spline_knots(widths, heights, slopes, bound)
    low, w, y_low, h, s, left, right = bins(y, knots[1], *knots)
    above, q = y - y_low, left + right - 2 * s
    a, b, c = h * (s - left) + above * q, h * left - above * q, -s * above
    xi = 2 * c / (-b - (b.square() - 4 * a * c).sqrt())
    _, slope = curve(xi, y_low, h, s, left, right)
    return torch.where(inside, low + w * xi, y), torch.where(inside, -slope.log(), 0.0)


def bins(v: Tensor, searched: Tensor, xs: Tensor, ys: Tensor, slopes: Tensor) -> tuple[Tensor, ...]:
    k = (v.unsqueeze(-1) >= searched[..., 1:-1]).sum(-1, keepdim=True)
    x_low, x_high, y_low, y_high, left, right = (
        knots.gather(-1, k + step).squeeze(-1) for knots in (xs, ys, slopes) for step in (0, 1)
    )
    w, h = x_high - x_low, y_high - y_low
    return x_low, w, y_low, h, h / w, left, right


def curve(
    xi: Tensor, y_low: Tensor, h: Tensor, s: Tensor, left: Tensor, right: Tensor
) -> tuple[Tensor, Tensor]:
    both = xi * (1 - xi)
    below = s + (left + right - 2 * s) * both
    y = y_low + h * (s * xi.square() + left * both) / below
    return y, (s / below).square() * (right * xi.square() + 2 * s * both + left * (1 - xi).square())


class SplineCoupling(nn.Module):
    def __init__(
        self,
        num_dims: int,
        hidden: int,
        mask: Bool[Tensor, "dims"],
        num_bins: int,
        bound: float,
        conditioner: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("mask", mask)
        self.num_bins, self.bound = num_bins, bound
        self.conditioner = conditioner or nn.Sequential(
            nn.Linear(num_dims, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, num_dims * (3 * num_bins - 1)),
        )

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        return self._bend(z, rational_quadratic)

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        return self._bend(x, rational_quadratic_inverse)

    def _bend(self, values: Tensor, spline: Callable[..., tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        numbers = self.conditioner(values.masked_fill(~self.mask, 0)).unflatten(1, (values.shape[1], -1))
        widths, heights, slopes = numbers.split((self.num_bins, self.num_bins, self.num_bins - 1), dim=-1)
        bent, log_slope = spline(values, widths, heights, slopes, self.bound)
        return torch.where(self.mask, values, bent), log_slope.masked_fill(self.mask, 0).sum(1)
