# %% [markdown]
# ## Task 8 · Masked and inverse autoregressive flows (12 points)
#
# A coupling layer leaves half of its input alone. An autoregressive flow changes every dimension, each by a shift and a
# scale that read the dimensions *before* it in some order. Its Jacobian is triangular, so the log-determinant is a sum
# of $D$ numbers. There are two ways to do this, and they differ in **what the network reads**. A masked autoregressive
# flow (MAF, Papamakarios et al., 2017, arXiv:1705.07057) reads the **data** $x$,
# $$x_i = z_i\, e^{\alpha_i(x_{\text{before } i})} + \mu_i(x_{\text{before } i}),$$
# and an inverse autoregressive flow (IAF, Kingma et al., 2016, arXiv:1606.04934) reads the **noise** $z$,
# $$x_i = z_i\, e^{\alpha_i(z_{\text{before } i})} + \mu_i(z_{\text{before } i}).$$
# In both, from noise to data, $\log\left|\det \frac{\partial x}{\partial z}\right| = \sum_i \alpha_i$.
#
# The network is masked, as MADE is: one pass gives all $\mu_i$ and $\alpha_i$ **of what you put in**. Whoever has what the
# network reads needs one pass. Whoever has the other has to find it one dimension at a time: the shift of the first
# dimension reads nothing, so it is right at once; then the second one's is right, and so on. That takes $D$
# passes.
#
# A single layer is a chain of Gaussian conditionals in one order. What makes it flexible is a stack of layers, each
# with the **reverse** of the order before: otherwise the first dimension stays Gaussian however many
# layers there are.
#
# **Predict** before you run the checks: (a) how many passes of its network does a MAF need for the likelihood of an image
# with 784 pixels, and how many to draw one? And an IAF? (b) Of which entries of the 5×5 Jacobian
# $\partial x_i/\partial z_j$ do you know that they are zero, for a MAF with one layer, and with two?

# %% given="autoregressive-net"
class AutoregressiveNet(nn.Module):
    """Shifts and log-scales: those of dimension i read the dimensions that come before i in the order, and no other.

    order: (D,) integers, a permutation of 0..D-1; `order[i]` is the position of dimension i.
    """

    def __init__(self, order: Int[Tensor, "dims"], hidden: int) -> None:
        super().__init__()
        degrees = torch.arange(hidden) % max(len(order) - 1, 1)
        self.register_buffer("first_mask", order <= degrees[:, None])
        self.register_buffer("last_mask", degrees < order[:, None])
        self.first = nn.Linear(len(order), hidden)
        self.shift = nn.Linear(hidden, len(order))
        self.log_scale = nn.Linear(hidden, len(order))
        self.count = 0

    def forward(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """x (B, D) -> shift (B, D), log-scale (B, D)."""
        self.count += 1
        h = torch.tanh(F.linear(x, self.first.weight * self.first_mask, self.first.bias))
        shift = F.linear(h, self.shift.weight * self.last_mask, self.shift.bias)
        return shift, F.linear(h, self.log_scale.weight * self.last_mask, self.log_scale.bias)

    def passes(self) -> int:
        """How often the network was used."""
        return self.count


# %% task="maf-iaf"
class MAF(nn.Module):
    """A masked autoregressive flow: x_i = z_i exp(α_i) + μ_i, with μ and α read from the **data** x."""

    def __init__(self, net: nn.Module) -> None:
        """net: x (B, D) -> shift μ (B, D), log-scale α (B, D), autoregressive in some order that only it knows."""
        ### BEGIN SOLUTION
        super().__init__()
        self.net = net
        ### END SOLUTION

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """x (B, D) -> z (B, D), log |det ∂z/∂x| (B,): one pass of the network."""
        ### BEGIN SOLUTION
        shift, log_scale = self.net(x)
        return (x - shift) * torch.exp(-log_scale), -log_scale.sum(1)
        ### END SOLUTION

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """z (B, D) -> x (B, D), log |det ∂x/∂z| (B,): D passes, whatever the order and the batch size."""
        ### BEGIN SOLUTION
        x = torch.zeros_like(z)
        for _ in range(z.shape[1]):  # after k passes, the first k dimensions of the order are right
            shift, log_scale = self.net(x)
            x = z * torch.exp(log_scale) + shift
        return x, log_scale.sum(1)
        ### END SOLUTION


class IAF(nn.Module):
    """An inverse autoregressive flow: x_i = z_i exp(α_i) + μ_i, with μ and α read from the **noise** z."""

    def __init__(self, net: nn.Module) -> None:
        """net: as for a MAF."""
        ### BEGIN SOLUTION
        super().__init__()
        self.net = net
        ### END SOLUTION

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """z (B, D) -> x (B, D), log |det ∂x/∂z| (B,): one pass of the network."""
        ### BEGIN SOLUTION
        shift, log_scale = self.net(z)
        return z * torch.exp(log_scale) + shift, log_scale.sum(1)
        ### END SOLUTION

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """x (B, D) -> z (B, D), log |det ∂z/∂x| (B,): D passes, whatever the order and the batch size."""
        ### BEGIN SOLUTION
        z = torch.zeros_like(x)
        for _ in range(x.shape[1]):
            shift, log_scale = self.net(z)
            z = (x - shift) * torch.exp(-log_scale)
        return z, -log_scale.sum(1)
        ### END SOLUTION


def maf_layers(num_dims: int, num_layers: int, hidden: int) -> list[MAF]:
    """The layers of a deep MAF, in the order in which noise passes through them.

    Each is a MAF with its own `AutoregressiveNet(order, hidden)`. The first one, next to the noise, has the natural
    order 0, 1, ..., D-1, the second one D-1, ..., 1, 0, the third one again 0, 1, ..., D-1, and so on.
    """
    ### BEGIN SOLUTION
    natural = torch.arange(num_dims)
    orders = [natural if layer % 2 == 0 else natural.flip(0) for layer in range(num_layers)]
    return [MAF(AutoregressiveNet(order, hidden)) for order in orders]
    ### END SOLUTION


# %% check="maf-iaf"
check("maf-iaf")

# %% figure="maf-iaf"
from dgm_course.testing import randomize

line = torch.linspace(-6, 6, 150).double()
grid = torch.cartesian_prod(line, line)
noise = torch.randn(1500, 2, generator=torch.Generator().manual_seed(8)).double()

figure, axes = plt.subplots(1, 4, figsize=(13, 3.5), layout="constrained")
for axis, num_layers in zip(axes, (1, 2, 4), strict=False):
    flow = Flow(maf_layers(2, num_layers, 12), 2)  # your Task 5
    randomize(flow, torch.Generator().manual_seed(4), scale=0.45)
    with torch.no_grad():
        density, x = flow.log_prob(grid).exp().reshape(150, 150), flow(noise)[0]
    axis.contourf(line, line, density.T, levels=12, cmap="Blues")
    axis.plot(*x.T, ".", markersize=1, color="black", alpha=0.35)
    mass = density.sum() * (line[1] - line[0]) ** 2
    axis.set(title=f"{num_layers} layer{'s'[: num_layers - 1]}, mass {mass:.3f}", xlim=(-4, 4), ylim=(-4, 4))

dims = [1, 2, 4, 8, 16, 32]
for name, kind, direction in (
    ("MAF density", MAF, "inverse"),
    ("MAF sample", MAF, "forward"),
    ("IAF density", IAF, "inverse"),
    ("IAF sample", IAF, "forward"),
):
    nets = [AutoregressiveNet(torch.arange(num_dims), 8) for num_dims in dims]
    for net, num_dims in zip(nets, dims, strict=True):
        getattr(kind(net), direction)(torch.zeros(3, num_dims))
    axes[3].plot(dims, [net.passes() for net in nets], "o-" if kind is MAF else "s--", label=name, alpha=0.7)
axes[3].set(title="passes of the network", xlabel="dimensions", xscale="log", yscale="log")
axes[3].legend()
figure.suptitle("Shades: your log-determinant; points: your samples. They must agree, for any weights")
plt.show()

# %% [markdown]
# **What breaks if** ...
#
# * the MAF draws with one pass, `net(z)`? You have written an IAF. It is a good sampler of *another*
#   distribution, and `inverse` does not undo it. A well-known library once shipped just that.
# * the sign of $\alpha$ differs between $x$ and the log-determinant? The likelihood improves without limit as all
#   scales run away. The loss curve is beautiful.
# * the order is never reversed? Each layer alone is right, the mass is 1, and $x_0$ stays Gaussian for ever.
# * you write dimension $k$ in pass $k$? Right as long as the order is $0, 1, 2, \dots$. In any other one the $k$-th pass
#   settles another dimension. Keep all $D$ numbers of each pass: those that are wrong will be put right by the next.
#
# A density to be *trained on data* wants a MAF: the likelihood is one pass. An approximate posterior in a VAE, or
# anything that is trained on its own samples (Task 12), wants an IAF.
