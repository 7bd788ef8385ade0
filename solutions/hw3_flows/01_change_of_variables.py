# %% [markdown]
# ## Task 1 · Change of variables in one dimension (6 points)
#
# Probability is like dough: a map can stretch it but not make more of it. A piece of length $dz$ around $z$ becomes a
# piece of length $dx$ around $x = f(z)$ and keeps its mass, $p_X(x)\,|dx| = p_Z(z)\,|dz|$. With $z = f^{-1}(x)$,
# $$\log p_X(x) = \log p_Z\bigl(f^{-1}(x)\bigr) + \log\left|\frac{d f^{-1}}{dx}(x)\right|.$$
# The bars are there because lengths have no sign: a falling map reverses the order of the points, and their masses stay
# positive. And it is the derivative of the **inverse**, the map that you evaluate, at $x$.
#
# A function that applies the same scalar map to each of $n$ numbers has a diagonal Jacobian, so **one** backward pass from
# the sum of the outputs gives all $n$ derivatives at once: $\partial \sum_j z_j / \partial x_i = dz_i/dx_i$. To *train* a
# flow the derivative has to be differentiated again, so ask autograd to keep its graph (`create_graph=True`).
#
# Every density in one dimension is a flow from the uniform distribution: its CDF $F$ maps $x$ to $u \in (0, 1)$, and
# $F'(x)$ is the density. So *any* rising function from 0 to 1 will do, for example a mixture of logistic CDFs,
# $$u = F(x) = \sum_{k=1}^K \pi_k\,\sigma(z_k), \qquad z_k = \frac{x - \mu_k}{s_k}, \qquad
# p(x) = F'(x) = \sum_{k=1}^K \frac{\pi_k}{s_k}\,\sigma(z_k)\,\sigma(-z_k).$$
# Far out both sides of the mixture underflow; add logarithms instead (`F.logsigmoid`, `torch.logsumexp`). Sampling needs the
# other direction, $x = F^{-1}(u)$, and for a mixture there is no formula. But $F$ rises, so **bisection** finds it: keep an
# interval with $F(\text{low}) \le u \le F(\text{high})$, look at the middle, keep the half that holds the solution. Where to
# begin? The quantile of a mixture lies between the smallest and the largest quantile of its components,
# $\mu_k + s_k\,\mathrm{logit}(u)$. Sixty halvings use up all the digits of a float64.
#
# **Predict** before you run the figure: the cubic below maps $x$ to $z = a x + b x^3$. With $p_Z$ standard normal, where is
# $p_X$ larger than at 0 when $a$ is small? And what does its density become when $a$ and $b$ both change their sign?


# %% given="cubic"
class Cubic(nn.Module):
    """z = slope · x + bend · x³: rises where both numbers are positive, falls where both are negative."""

    def __init__(self, slope: float, bend: float) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64))
        self.bend = nn.Parameter(torch.tensor(bend, dtype=torch.float64))

    def forward(self, x: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
        return self.slope * x + self.bend * x**3


def normal_log_prob(z: Tensor) -> Tensor:
    """log-density of the standard normal at each number."""
    return -0.5 * z**2 - 0.5 * math.log(2 * math.pi)


def logistic_log_prob(z: Tensor) -> Tensor:
    """log-density of the standard logistic distribution at each number."""
    return F.logsigmoid(z) + F.logsigmoid(-z)


# %% task="change-of-variables"
def log_prob_through(
    x: Float[Tensor, "n"],
    inverse: Callable[[Float[Tensor, "n"]], Float[Tensor, "n"]],
    base_log_prob: Callable[[Float[Tensor, "n"]], Float[Tensor, "n"]],
) -> Float[Tensor, "n"]:
    """log p(x), in nats, of n numbers x = f(z), where z has the density of `base_log_prob` and z = inverse(x).

    inverse: a differentiable monotone function, rising or falling, applied to each number by itself.
    base_log_prob: z (n,) -> log-density (n,).
    The result can be differentiated in x and in the parameters of `inverse`.
    """
    ### BEGIN SOLUTION
    x = x.clone().requires_grad_()
    z = inverse(x)
    (slope,) = torch.autograd.grad(z.sum(), x, create_graph=True)
    return base_log_prob(z) + slope.abs().log()
    ### END SOLUTION


class MixtureCDF(nn.Module):
    """A flow in one dimension: u = F(x), the CDF of a mixture of K logistics, is uniform on (0, 1).

    Its parameters are called `logits`, `means` and `log_scales`, each of shape (K,): π = softmax(logits), μ = means,
    s = exp(log_scales). How they start is up to you.
    """

    def __init__(self, num_components: int) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(num_components))
        self.means = nn.Parameter(torch.linspace(-2.0, 2.0, num_components))
        self.log_scales = nn.Parameter(torch.zeros(num_components))
        ### END SOLUTION

    def inverse(self, x: Float[Tensor, "n"]) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        """x (n,) -> u = F(x) (n,) and log F'(x) (n,), which is finite however far x is from all the means."""
        ### BEGIN SOLUTION
        z = (x.unsqueeze(-1) - self.means) / self.log_scales.exp()  # (n, K)
        log_weights = F.log_softmax(self.logits, dim=-1)
        u = (log_weights.exp() * torch.sigmoid(z)).sum(-1)
        log_slopes = log_weights - self.log_scales + F.logsigmoid(z) + F.logsigmoid(-z)
        return u, torch.logsumexp(log_slopes, dim=-1)
        ### END SOLUTION

    def forward(self, u: Float[Tensor, "n"]) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        """u (n,), in 1e-6 … 1 − 1e-6 -> x = F⁻¹(u) (n,) by bisection, and log dx/du (n,). No gradient is asked for."""
        ### BEGIN SOLUTION
        with torch.no_grad():
            quantiles = self.means + self.log_scales.exp() * torch.logit(u).unsqueeze(-1)  # (n, K)
            low, high = quantiles.amin(-1), quantiles.amax(-1)
            for _ in range(60):
                middle = (low + high) / 2
                below = self.inverse(middle)[0] < u
                low, high = middle.where(below, low), high.where(below, middle)
            return middle, -self.inverse(middle)[1]
        ### END SOLUTION

    def log_prob(self, x: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
        """x (n,) -> log p(x) (n,) in nats."""
        ### BEGIN SOLUTION
        return self.inverse(x)[1]  # the uniform density is 1, its logarithm 0
        ### END SOLUTION

    def sample(self, num_samples: int, generator: torch.Generator) -> Float[Tensor, "samples"]:
        """Independent, finite samples (num_samples,) of p(x), in the dtype of the means; all randomness from `generator`."""
        ### BEGIN SOLUTION
        u = torch.rand(num_samples, generator=generator, dtype=self.means.dtype)
        return self(u.clamp(min=1e-7))[0]  # a float32 draw can be exactly 0
        ### END SOLUTION


# %% check="change-of-variables"
check("change-of-variables")

# %% figure="change-of-variables"
x = torch.linspace(-5.0, 5.0, 600, dtype=torch.float64)
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 3.6), layout="constrained")
for slope, bend in ((1.0, 0.0), (0.5, 0.3), (-0.15, -0.3)):
    flow = Cubic(slope, bend)
    density = log_prob_through(x, flow, normal_log_prob).exp().detach()
    left.plot(x, density, label=f"a = {slope:g}, b = {bend:g}: mass {torch.trapezoid(density, x):.3f}")
forgotten = normal_log_prob(Cubic(-0.15, -0.3)(x)).exp().detach()
left.plot(
    x, forgotten, ":", color="gray", label=f"without the derivative: mass {torch.trapezoid(forgotten, x):.3f}"
)
left.set(xlabel="x", ylabel="density", xlim=(-3, 3), ylim=(0, 0.75), title="z = ax + bx³ is standard normal")
left.legend(fontsize=8, loc="upper center")

mixture = MixtureCDF(3).double()
mixture.load_state_dict(
    {
        "logits": torch.tensor([0.0, 0.7, -0.5]),
        "means": torch.tensor([-3.0, 0.5, 4.0]),
        "log_scales": torch.tensor([-0.7, -1.2, -0.3]),
    }
)
x = torch.linspace(-7.0, 9.0, 400, dtype=torch.float64)
with torch.no_grad():
    levels = torch.linspace(0.025, 0.975, 20, dtype=torch.float64)
    middle.plot(x, mixture.inverse(x)[0])
    for u, position in zip(levels, mixture(levels)[0], strict=True):
        middle.plot([-7, position, position], [u, u, 0], color="lightgray", linewidth=0.7, zorder=0)
    middle.set(xlabel="x", ylabel="u = F(x)", title="equal steps of u crowd where F is steep")
    right.hist(
        mixture.sample(20_000, torch.Generator().manual_seed(1)),
        bins=100,
        range=(-7, 9),
        density=True,
        color="lightgray",
    )
    right.plot(x, mixture.log_prob(x).exp())
right.set(xlabel="x", ylabel="density", title="20,000 samples and the density")
plt.show()

# %% [markdown]
# **What breaks if** you leave out the bars? The falling map has a negative derivative, whose logarithm is NaN: you notice.
# If you take the derivative of $f$ instead of $f^{-1}$ you do not: the density looks plausible, only thick and thin have
# changed places, and its mass is not 1. And without `create_graph=True` everything on this page stays right, values and
# masses, and training learns nothing from the determinant: the gradient of that term is gone.
