# %% [markdown]
# ## Task 12 · Fitting an unnormalised density (4 points)
#
# Sometimes there are no data. There is a function instead, $\gamma(x) > 0$, that says how likely every $x$ is **up to a
# constant**: a Boltzmann distribution $e^{-E(x)}$, a posterior without its evidence. The density is
# $p(x) = \gamma(x) / Z$, and $Z = \int \gamma(x)\,dx$ is not known. A flow can learn it from its own samples. Draw $z$ from
# the base, $x = f(z)$, and look at the **log-weight**
# $$\log w = \log \gamma(x) - \log q(x), \qquad
# \log q(x) = \log \mathcal N(z; 0, I) - \log\left|\det \frac{\partial x}{\partial z}\right|.$$
# Its mean is a bound, because
# $$\mathbb E_q[\log w] = \log Z - \mathrm{KL}(q\,\|\,p) \;\le\; \log Z.$$
# So minimise the **reverse KL** up to its constant, $-\mathbb E_q[\log w]$, with fresh noise in every step. The gradient
# goes through the samples: $x = f(z)$ moves when the weights of $f$ do. And whatever $q$ is,
# $$Z = \mathbb E_q[w], \qquad \log \hat Z = \log \frac{1}{N} \sum_{n=1}^{N} w_n,$$
# is an importance estimate of $Z$ itself; if all weights are equal, bound and estimate coincide and $q = p$.
#
# The weights may be $e^{1000}$ or $e^{-1000}$: never leave the logarithm.
#
# **Predict** before you run the figure: $q$ is a flow of a few layers, $p$ has two separate modes. Reverse KL asks, at
# every place *where $q$ puts samples*, whether $p$ is large there. What will $q$ look like, and will the bound show it?

# %% given="banana"
class Banana(nn.Module):
    """log γ(x) = offset − ½ (x_0 / width)² − ½ ((x_1 − bend · x_0²) / height)², so Z = e^offset · 2π · width · height."""

    def __init__(self, width: float, height: float, bend: float, offset: float) -> None:
        super().__init__()
        self.width, self.height, self.bend, self.offset = width, height, bend, offset

    def forward(self, x: Float[Tensor, "batch 2"]) -> Float[Tensor, "batch"]:
        along, across = x[:, 0] / self.width, (x[:, 1] - self.bend * x[:, 0].square()) / self.height
        return self.offset - (along.square() + across.square()) / 2


# %% task="reverse-kl"
def log_weights(
    flow: nn.Module, log_density: Callable[[Tensor], Tensor], z: Float[Tensor, "batch dims"]
) -> Float[Tensor, "batch"]:
    """log γ(x) − log q(x) (B,) at x = f(z), with a gradient for the flow's weights.

    flow: z (B, D) -> x (B, D), log |det ∂x/∂z| (B,); nothing else of it is used.
    log_density: x (B, D) -> log γ(x) (B,).
    z: (B, D), standard normal noise.
    """
    ### BEGIN SOLUTION
    x, log_det = flow(z)
    log_base = -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)
    return log_density(x) - log_base + log_det
    ### END SOLUTION


def reverse_kl(
    flow: nn.Module, log_density: Callable[[Tensor], Tensor], z: Float[Tensor, "batch dims"]
) -> Float[Tensor, ""]:
    """The mean of log q(x) − log γ(x) over the batch, a scalar: KL(q‖p) − log Z, up to the noise of z."""
    ### BEGIN SOLUTION
    return -log_weights(flow, log_density, z).mean()
    ### END SOLUTION


def log_normalizer(log_w: Float[Tensor, "samples"]) -> tuple[Tensor, Tensor]:
    """Log-weights (N,) -> the bound E[log w] and the estimate log (1/N) Σ w of log Z, both scalars."""
    ### BEGIN SOLUTION
    return log_w.mean(), log_w.logsumexp(0) - math.log(len(log_w))
    ### END SOLUTION


def fit_density(
    flow: nn.Module,
    log_density: Callable[[Tensor], Tensor],
    *,
    num_dims: int,
    num_steps: int,
    batch_size: int,
    learning_rate: float,
    generator: torch.Generator,
) -> list[float]:
    """Minimise the reverse KL with Adam; the flow is trained in place.

    Each step draws `batch_size` new z (batch_size, num_dims) from `generator`, in the dtype of the flow's parameters.
    Returns the value of `reverse_kl` at each step, before it.
    """
    ### BEGIN SOLUTION
    optimizer = torch.optim.Adam(flow.parameters(), lr=learning_rate)
    dtype = next(flow.parameters()).dtype
    history = []
    for _ in range(num_steps):
        z = torch.randn(batch_size, num_dims, generator=generator, dtype=dtype)
        loss = reverse_kl(flow, log_density, z)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return history
    ### END SOLUTION


# %% check="reverse-kl"
check("reverse-kl")


# %% figure="reverse-kl"
def two_modes(x: Tensor) -> Tensor:
    """Two Gaussians of the same size, 4 apart, so Z = 2 · 2π · 0.5²."""
    return torch.logaddexp(
        *(-2 * (x - torch.tensor(place)).square().sum(1) for place in ((-3.0, 0.0), (1.0, 0.0)))
    )


line = torch.linspace(-4, 4, 100)
grid = torch.cartesian_prod(line, line)
figure, axes = plt.subplots(1, 4, figsize=(13, 3.4), layout="constrained")
targets = (
    ("a banana", Banana(1.0, 0.4, 0.6, 1.0), 1 + math.log(2 * math.pi * 0.4)),
    ("two modes", two_modes, math.log(math.pi)),
)
for number, (name, target, log_z) in enumerate(targets):
    torch.manual_seed(1)
    masks = [torch.tensor([i % 2 == 0, i % 2 == 1]) for i in range(4)]
    flow = Flow([AffineCoupling(2, 32, mask) for mask in masks], 2)
    generator = torch.Generator().manual_seed(12)
    history = fit_density(
        flow, target, num_dims=2, num_steps=400, batch_size=128, learning_rate=5e-3, generator=generator
    )
    with torch.no_grad():
        z = torch.randn(4000, 2, generator=generator)
        bound, estimate = log_normalizer(log_weights(flow, target, z))
        density = target(grid).exp().reshape(100, 100).T
        axes[2 * number].plot(*flow(z[:1500])[0].T, ".", markersize=1.5, color="C0")
        axes[2 * number].contour(
            line, line, density, levels=(density.max() * torch.linspace(0.1, 0.9, 4)), colors="C1"
        )
    axes[2 * number].set(title=f"{name}: lines γ, points q", xlim=(-4, 4), ylim=(-4, 4))
    axes[2 * number + 1].plot([-value for value in history], color="lightsteelblue")
    axes[2 * number + 1].axhline(log_z, color="black", linewidth=1)
    title = f"log Z {log_z:.3f}, bound {bound:.3f}, estimate {estimate:.3f}"
    axes[2 * number + 1].set(title=title, xlabel="step", ylim=(log_z - 2, log_z + 0.5))
    axes[2 * number + 1].title.set_fontsize(9)
plt.show()

# %% [markdown]
# **What breaks if** ...
#
# * $x$ is detached before it goes into $\log\gamma$? The flow never hears what $\gamma$ said. All that is left to
#   improve is the log-determinant, so the samples fly apart.
# * the log-determinant has the wrong sign? Then $q$ collapses into the point where $\gamma$ is largest, and the
#   "bound" rises above $\log Z$. It is no bound any more.
# * you take the mean of the weights and then the logarithm, outside `logsumexp`? Right for this banana, and `inf` for the
#   first energy that is measured in kilojoules.
# * you trust the estimate for the two modes? Where $q$ has never been there are no weights at all: a flow that sits in
#   one mode reports half of $Z$ with great confidence, and by itself nothing warns you. That is *mode seeking*. Maximum
#   likelihood, the KL the other way round, spreads over both.
