# %% [markdown]
# ## Task 10 · The mass of a density (8 points)
#
# Half of all mistakes in a flow leave the round trip perfect, the loss falling and the samples plausible. What they
# break is that $p(x)$ is a density at all. In two dimensions that can be asked directly:
#
# $$\text{mass} = \int p(x)\,dx \approx \sum_{i,j} h^2\, p\big(x^{(i)}, x^{(j)}\big),
#   \qquad x^{(i)} = \text{low} + h\,(i + \tfrac12), \quad h = \frac{\text{high} - \text{low}}{n},$$
#
# the midpoint rule on $n \times n$ cells of the square $[\text{low}, \text{high}]^2$. For a smooth density that has died
# out at the border it converges faster than any power of $h$, as soon as $h$ is smaller than the density's finest
# detail. Before, it says anything at all: a grid whose nodes miss every narrow peak finds mass 0, one that hits them
# finds ten. So one number from one grid is no evidence. **Halve $h$ until the answer stays.**
#
# What to expect of the most popular mistake, the log-determinant with the wrong sign? Then the "density" at $x = f(z)$
# is $\mathcal N(z)\,|\det f'(z)|$ in place of $\mathcal N(z) / |\det f'(z)|$, and
# $\int \mathcal N(z)\, |\det f'(z)|\, dx = \mathbb E_z \big[ |\det f'(z)|^2 \big]$: in general not 1. And maximum
# likelihood will gladly make it large.
#
# **Predict**: train a flow and the same flow with the wrong sign on the moons, whose entropy is 1.83 nats. Which one
# reports the better negative log-likelihood? What are the two masses?

# %% given="densities"
class SignBug(nn.Module):
    """A flow whose log_prob has the log-determinant with the wrong sign."""

    def __init__(self, flow: nn.Module) -> None:
        super().__init__()
        self.flow = flow

    def log_prob(self, x: Float[Tensor, "batch dims"]) -> Float[Tensor, "batch"]:
        z, log_det = self.flow.inverse(x)
        return -log_det - (z.square() + math.log(2 * math.pi)).sum(1) / 2


class Peaks(nn.Module):
    """Round Gaussians in the plane, of any weights, which notes how it is asked. means: (K, 2); stds, weights: (K,)."""

    def __init__(self, means: Tensor, stds: Tensor, weights: Tensor) -> None:
        super().__init__()
        self.means, self.stds, self.weights = nn.Parameter(means), nn.Parameter(stds), nn.Parameter(weights)
        self.calls: list[tuple[int, bool]] = []

    def log_prob(self, x: Float[Tensor, "batch dims"]) -> Float[Tensor, "batch"]:
        self.calls.append((len(x), torch.is_grad_enabled()))
        squares = (x[:, None] - self.means).square().sum(2) / self.stds**2
        return (self.weights.log() - squares / 2 - (2 * math.pi * self.stds**2).log()).logsumexp(1)

    def asked(self) -> list[tuple[int, bool]]:
        """Of each call the number of points, and whether gradients were recorded."""
        return self.calls


def fit_briefly(
    model: nn.Module, x: Float[Tensor, "n dims"], num_steps: int, generator: torch.Generator
) -> float:
    """Adam on the negative log-likelihood; returns its mean over the last ten batches, in nats."""
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    history = []
    for _ in range(num_steps):
        loss = -model.log_prob(x[torch.randint(len(x), (200,), generator=generator)]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return sum(history[-10:]) / 10


# %% task="mass"
def mass(log_prob: Callable[[Tensor], Tensor], low: float, high: float, num_nodes: int) -> float:
    """The integral of exp(log_prob(x)) over the square [low, high] x [low, high], a plain number.

    log_prob: points (N, 2), float64 -> (N,) in nats. It is asked about num_nodes**2 points in all, at most 10,000 of
        them at once, and no gradients are recorded: there may be a million points.
    num_nodes: nodes a side, those of the midpoint rule or of a rule that is at least as good.
    """
    ### BEGIN SOLUTION
    step = (high - low) / num_nodes
    nodes = low + step * (torch.arange(num_nodes, dtype=torch.float64) + 0.5)
    with torch.no_grad():
        parts = torch.cartesian_prod(nodes, nodes).split(10_000)
        return step**2 * sum(log_prob(part).exp().sum().item() for part in parts)
    ### END SOLUTION


def honest(log_prob: Callable[[Tensor], Tensor], low: float, high: float) -> bool:
    """Whether the mass on the square is 1, that is, in [0.995, 1.005].

    Compute the mass with 64, 128, 256 and 512 nodes a side. Stop as soon as one differs from the previous by less than
    0.001, and judge that one. If none does, return False: there is no evidence.
    """
    ### BEGIN SOLUTION
    before = mass(log_prob, low, high, 64)
    for num_nodes in (128, 256, 512):
        now = mass(log_prob, low, high, num_nodes)
        if abs(now - before) < 0.001:
            return 0.995 <= now <= 1.005
        before = now
    return False
    ### END SOLUTION


# %% check="mass"
check("mass")

# %% figure="mass"
generator = torch.Generator().manual_seed(0)
moons = data.moons().sample(2000, generator=generator)
nodes = torch.linspace(-3, 3, 150).double()
figure, axes = plt.subplots(1, 2, figsize=(9, 4.5), layout="constrained")
for axis, (title, wrap) in zip(
    axes, {"right": lambda flow: flow, "wrong sign": SignBug}.items(), strict=True
):
    masks = [torch.tensor([True, False]), torch.tensor([False, True])] * 3
    model = wrap(Flow([AffineCoupling(2, 32, mask) for mask in masks], 2))
    nats = fit_briefly(model, moons, 300, generator)
    model.double()
    with torch.no_grad():
        density = model.log_prob(torch.cartesian_prod(nodes, nodes)).exp().reshape(150, 150).T
    axis.imshow(density, origin="lower", extent=(-3, 3, -3, 3), vmax=density.quantile(0.99))
    total = mass(model.log_prob, -6, 6, 400)
    verdict = "honest" if honest(model.log_prob, -6, 6) else "not honest"
    axis.set(title=f"{title}: NLL {nats:.2f} nats\nmass {total:.4g}: {verdict}")
plt.show()

# %% [markdown]
# **What breaks if** ...
#
# * the square is too small? Mass that lies outside is missing, and an honest flow looks like a thief. A trained flow
#   keeps thin threads between far-apart parts of the data, so give it room.
# * you trust the loss? Of the two flows above, the wrong one reports a likelihood that is better by many nats, better
#   than the entropy allows. It is paid for by its mass. **A likelihood is evidence only if something forces the model to
#   be normalised.**
# * there are more than two or three dimensions? $n^D$ nodes are out of reach. What remains is what you did in the tasks
#   before: compare log-determinants with Jacobians, in float64 and with random weights. Or integrate a random
#   two-dimensional flow of the same layers, which is this task.
