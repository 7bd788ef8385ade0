# %% [markdown]
# ## Task 9 · Rational-quadratic splines (10 points)
#
# An affine coupling can only stretch and shift: given the other half, each dimension stays a Gaussian. A
# neural spline flow (Durkan et al., 2019, arXiv:1906.04032) bends it by any rising function that passes through $K + 1$
# **knots** $(x_0, y_0), \dots, (x_K, y_K)$ with slopes $\delta_0, \dots, \delta_K$. Between two knots, with
# $$w = x_{k+1} - x_k, \quad h = y_{k+1} - y_k, \quad s = \frac{h}{w}, \quad \xi = \frac{x - x_k}{w} \in [0, 1],$$
# the curve is a quotient of two quadratics, and its slope has a formula, too:
# $$y = y_k + \frac{h\,[s\,\xi^2 + \delta_k\,\xi(1-\xi)]}{s + (\delta_{k+1} + \delta_k - 2s)\,\xi(1-\xi)}, \qquad
# \frac{dy}{dx} = \frac{s^2\,[\delta_{k+1}\,\xi^2 + 2s\,\xi(1-\xi) + \delta_k\,(1-\xi)^2]}
# {[s + (\delta_{k+1} + \delta_k - 2s)\,\xi(1-\xi)]^2}.$$
# It meets its knots with the slopes that were asked for, and it rises whenever all slopes are positive. Beyond
# $\pm B$ it is the identity.
#
# **From any numbers to knots.** A network gives $K$ widths, $K$ heights and $K - 1$ slopes, real numbers without a
# constraint. With $\varepsilon = 0.001$,
# $$\text{share}_k = \varepsilon + (1 - K\varepsilon)\,\mathrm{softmax}(\cdot)_k, \qquad
# w_k = 2B\,\text{share}_k, \qquad \delta_k = \varepsilon + \mathrm{softplus}(\cdot)_k,$$
# heights like widths. The first knot is $(-B, -B)$, so the last one is $(B, B)$; the slopes at these two are 1, that of
# the identity outside.
#
# **Backwards.** Given $y$, find its bin by the $y_k$, and solve a quadratic $a\xi^2 + b\xi + c = 0$ with
# $$a = h(s - \delta_k) + (y - y_k)\,q, \quad b = h\,\delta_k - (y - y_k)\,q, \quad c = -s\,(y - y_k), \qquad
# q = \delta_{k+1} + \delta_k - 2s.$$
# The school formula divides by $a$, which is 0 on a straight piece. Write the same root as
# $$\xi = \frac{2c}{-b - \sqrt{b^2 - 4ac}},$$
# where nothing cancels and nothing is divided by zero.
#
# **Predict** before you run the checks: (a) how many numbers does the network give for each dimension, with 8 bins?
# (b) If the slopes at $\pm B$ were free as well, would the density still have mass 1? What would its graph show?

# %% task="spline"
SMALLEST = 1e-3  # ε: the smallest share of a bin, and the smallest slope


def spline_knots(
    widths: Float[Tensor, "*shape bins"],
    heights: Float[Tensor, "*shape bins"],
    slopes: Float[Tensor, "*shape inner"],
    bound: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """The knots of one spline for each entry of `shape`, from numbers without a constraint.

    widths, heights: (*shape, K), K >= 1; slopes: (*shape, K-1), of the inner knots; bound: B > 0.
    Returns x_k, y_k and δ_k, each (*shape, K+1): x and y rise from -B to B, δ is positive and 1 at both ends.
    """

    ### BEGIN SOLUTION
    def positions(numbers: Tensor) -> Tensor:
        shares = SMALLEST + (1 - SMALLEST * numbers.shape[-1]) * numbers.softmax(-1)
        return 2 * bound * F.pad(shares.cumsum(-1), (1, 0)) - bound

    return positions(widths), positions(heights), F.pad(SMALLEST + F.softplus(slopes), (1, 1), value=1.0)
    ### END SOLUTION


def rational_quadratic(
    x: Float[Tensor, "*shape"],
    widths: Float[Tensor, "*shape bins"],
    heights: Float[Tensor, "*shape bins"],
    slopes: Float[Tensor, "*shape inner"],
    bound: float,
) -> tuple[Tensor, Tensor]:
    """x (*shape), each entry through the spline of its own knots -> y (*shape), log dy/dx (*shape).

    Where |x| >= bound, y = x and the log-slope is 0. Gradients are finite everywhere, also there and at the knots.
    """
    ### BEGIN SOLUTION
    inside = x.abs() < bound
    knots = spline_knots(widths, heights, slopes, bound)
    low, w, y_low, h, s, left, right = bins(x, knots[0], *knots)
    y, slope = curve((x - low) / w, y_low, h, s, left, right)
    return torch.where(inside, y, x), torch.where(inside, slope.log(), 0.0)
    ### END SOLUTION


def rational_quadratic_inverse(
    y: Float[Tensor, "*shape"],
    widths: Float[Tensor, "*shape bins"],
    heights: Float[Tensor, "*shape bins"],
    slopes: Float[Tensor, "*shape inner"],
    bound: float,
) -> tuple[Tensor, Tensor]:
    """y (*shape) -> the x (*shape) that `rational_quadratic` takes to y, and log dx/dy (*shape).

    Gradients are finite everywhere here as well.
    """
    ### BEGIN SOLUTION
    inside = y.abs() < bound
    knots = spline_knots(widths, heights, slopes, bound)
    low, w, y_low, h, s, left, right = bins(y, knots[1], *knots)
    above, q = torch.where(inside, y, 0.0).clamp(y_low, y_low + h) - y_low, left + right - 2 * s
    a, b, c = h * (s - left) + above * q, h * left - above * q, -s * above
    xi = 2 * c / (-b - (b.square() - 4 * a * c).sqrt())
    _, slope = curve(xi, y_low, h, s, left, right)
    return torch.where(inside, low + w * xi, y), torch.where(inside, -slope.log(), 0.0)


def bins(v: Tensor, searched: Tensor, xs: Tensor, ys: Tensor, slopes: Tensor) -> tuple[Tensor, ...]:
    """For the bin of `searched` that each v falls into: x_k, w, y_k, h, s and the slopes at both of its ends."""
    k = (v.unsqueeze(-1) >= searched[..., 1:-1]).sum(-1, keepdim=True)
    x_low, x_high, y_low, y_high, left, right = (
        knots.gather(-1, k + step).squeeze(-1) for knots in (xs, ys, slopes) for step in (0, 1)
    )
    w, h = x_high - x_low, y_high - y_low
    return x_low, w, y_low, h, h / w, left, right


def curve(
    xi: Tensor, y_low: Tensor, h: Tensor, s: Tensor, left: Tensor, right: Tensor
) -> tuple[Tensor, Tensor]:
    """ξ in a bin -> y and dy/dx; ξ is kept in [0, 1], so that what lies outside leaves no NaN behind."""
    xi = xi.clamp(0, 1)
    both = xi * (1 - xi)
    below = s + (left + right - 2 * s) * both
    y = y_low + h * (s * xi.square() + left * both) / below
    return y, (s / below).square() * (right * xi.square() + 2 * s * both + left * (1 - xi).square())
    ### END SOLUTION


class SplineCoupling(nn.Module):
    """Dimensions with mask True pass unchanged; each of the others goes through a spline that reads those."""

    def __init__(
        self,
        num_dims: int,
        hidden: int,
        mask: Bool[Tensor, "dims"],
        num_bins: int,
        bound: float,
        conditioner: nn.Module | None = None,
    ) -> None:
        """
        num_dims: D >= 1.
        hidden: width of the conditioner's two hidden layers.
        mask: (D,) bool, True where a dimension passes.
        num_bins: K >= 1, on [-bound, bound].
        conditioner: a module from (B, D), the passing values with zeros in the places of the others, to (B, D (3K-1)).
            Reshaped to (B, D, 3K-1), a row holds the K widths, then the K heights, then the K-1 slopes of a dimension;
            those of passing dimensions are not used. None makes an MLP of your own.
        """
        ### BEGIN SOLUTION
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
        ### END SOLUTION

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """z (B, D) -> x (B, D), log_det (B,) = log |det dx/dz|."""
        ### BEGIN SOLUTION
        return self._bend(z, rational_quadratic)
        ### END SOLUTION

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """x (B, D) -> z (B, D), log_det (B,) = log |det dz/dx|."""
        ### BEGIN SOLUTION
        return self._bend(x, rational_quadratic_inverse)

    def _bend(self, values: Tensor, spline: Callable[..., tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        numbers = self.conditioner(values.masked_fill(~self.mask, 0)).unflatten(1, (values.shape[1], -1))
        widths, heights, slopes = numbers.split((self.num_bins, self.num_bins, self.num_bins - 1), dim=-1)
        bent, log_slope = spline(values, widths, heights, slopes, self.bound)
        return torch.where(self.mask, values, bent), log_slope.masked_fill(self.mask, 0).sum(1)
        ### END SOLUTION


# %% check="spline"
check("spline")

# %% figure="spline"
from dgm_course.testing import randomize

generator = torch.Generator().manual_seed(9)
widths, heights, slopes = (torch.randn(1, size, generator=generator).double() for size in (5, 5, 4))
x = torch.linspace(-4, 4, 801).double()
every = [numbers.expand(len(x), -1) for numbers in (widths, heights, slopes)]
y, log_slope = rational_quadratic(x, *every, 3.0)
knots_x, knots_y, _ = (knots[0] for knots in spline_knots(widths, heights, slopes, 3.0))
noise = torch.randn(60_000, generator=generator).double()
bent, _ = rational_quadratic(
    noise, *(numbers.expand(len(noise), -1) for numbers in (widths, heights, slopes)), 3.0
)

figure, axes = plt.subplots(1, 4, figsize=(13, 3.4), layout="constrained")
axes[0].plot(x, y)
axes[0].plot(knots_x, knots_y, "ko")
axes[0].set(title="a spline and its knots", xlabel="z", ylabel="x")
axes[1].plot(x, log_slope.exp())
axes[1].vlines(knots_x, 0, log_slope.exp().max(), color="lightgrey", zorder=0)
axes[1].set(title="its slope: no jumps, but corners", xlabel="z")
axes[2].hist(bent, bins=150, density=True, color="lightsteelblue", label="bent samples")
axes[2].plot(y, (-x.square() / 2 - log_slope).exp() / math.sqrt(2 * math.pi), color="C3", label="its density")
axes[2].set(title="a Gaussian after it", xlabel="x")
axes[2].legend()
masks = [torch.tensor([True, False]), torch.tensor([False, True])]
layers = [randomize(SplineCoupling(2, 16, mask, 6, 3.0), generator, scale=0.45) for mask in masks]
points = torch.randn(4000, 2, generator=generator).double()
with torch.no_grad():
    for layer in layers:
        points = layer(points)[0]
axes[3].plot(*points.T, ".", markersize=1, color="C0")
axes[3].set(title="two couplings, random weights", xlim=(-4, 4), ylim=(-4, 4))
plt.show()

# %% [markdown]
# **What breaks if** ...
#
# * the bin is one too far? Each piece is still a smooth curve, but it is another bin's: $y$ jumps at the knots and the map has no
#   inverse there.
# * the slopes at $\pm B$ are not 1? The map is still invertible, the log-determinant right and the mass 1. Only the density
#   jumps at $\pm B$, like a step: no test that multiplies and sums can see it, one that looks at the slope can.
# * the softmax runs over another dimension? The knots end somewhere short of $B$ or beyond it, and beyond the last
#   one there is no bin to find.
# * you take $(-b + \sqrt{b^2 - 4ac})/2a$? NaN wherever the spline is straight, which is where every training starts
#   that starts at the identity.
# * `torch.where` picks the identity outside, but the formula inside it was NaN there? The values are right. In the
#   gradient the branch that was not picked counts zero times NaN, which is NaN, and one step of training spoils every
#   weight. Make what goes into the formula harmless first: `clamp` it, or `where` before and after.
