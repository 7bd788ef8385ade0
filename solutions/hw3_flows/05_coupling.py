# %% [markdown]
# ## Task 5 · Affine coupling: RealNVP (12 points)
#
# A flow needs three things of every layer: an inverse, a cheap log-determinant, and enough freedom to bend a Gaussian
# into data. A neural network has the third and neither of the others. Coupling (Dinh et al., 2017, arXiv:1605.08803)
# gets all three by a trick: **let the network only look at what stays as it is.** With a mask $b \in \{0, 1\}^D$,
# where 1 means "passes unchanged",
#
# $$(r, t) = \text{net}(b \odot z), \qquad s = 3 \tanh(r / 3), \qquad
#   x = b \odot z + (1 - b) \odot \big(z \odot e^{s} + t\big).$$
#
# * **Inverse.** Whoever has $x$ also has $b \odot x = b \odot z$, so the network gives the same $s$ and $t$, and
#   $z = b \odot x + (1 - b) \odot (x - t) \odot e^{-s}$. The network itself is never inverted.
# * **Log-determinant.** Sort the passing dimensions to the front and the Jacobian is triangular, with 1 on its diagonal
#   for those that pass and $e^{s_i}$ for the others. So $\log |\det \partial x / \partial z| = \sum_{i : b_i = 0} s_i$,
#   one number for each example.
# * **Size.** $s = r$ would do, until a step of training makes $r = -50$: then $z e^{-50} + t$ has forgotten $z$, and no
#   inverse brings it back. $3 \tanh(r/3)$ is $r$ near zero, and never lets a layer stretch by more than
#   $e^3 \approx 20$.
#
# One layer leaves half of the dimensions alone, so a flow is a stack of them with alternating masks. With a standard
# normal base and layers $f_1, \dots, f_L$, applied to $z$ in this order,
#
# $$\log p(x) = \log \mathcal N(z; 0, I) + \sum_{l} \log \left| \det \frac{\partial f_l^{-1}}{\partial x_l} \right|,
#   \qquad z = f_1^{-1}(f_2^{-1}(\dots f_L^{-1}(x))).$$
#
# **All layers in this homework**: `forward` maps latent to data, `inverse` data to latent. Each returns the
# log-determinant of the map that *it* computes, (B,) in nats, so the two have opposite signs.
#
# **Predict**: (a) How many layers does it take at least until every dimension of $x$ depends on every dimension of $z$?
# (b) Forget the minus sign of the inverse's log-determinant, and train by maximum likelihood. What will the reported
# likelihood do?

# %% given="known-parts"
class LinearConditioner(nn.Module):
    """A conditioner without secrets: v (B, D) -> v @ weight.T + bias, (B, 2D). weight: (2D, D); bias: (2D,)."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, v: Float[Tensor, "batch dims"]) -> Float[Tensor, "batch outputs"]:
        return v @ self.weight.T + self.bias


class LinearMap(nn.Module):
    """A layer x = matrix @ z + shift. A flow of such layers is a Gaussian. matrix: (D, D), invertible; shift: (D,)."""

    def __init__(self, matrix: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.matrix, self.shift = nn.Parameter(matrix), nn.Parameter(shift)

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        return z @ self.matrix.T + self.shift, self.matrix.slogdet().logabsdet.expand(len(z))

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        return (x - self.shift) @ self.matrix.inverse().T, -self.matrix.slogdet().logabsdet.expand(len(x))


# %% task="coupling"
class AffineCoupling(nn.Module):
    """Dimensions with mask True pass unchanged; the others are scaled and shifted by numbers computed from those."""

    def __init__(
        self, num_dims: int, hidden: int, mask: Bool[Tensor, "dims"], conditioner: nn.Module | None = None
    ) -> None:
        """
        num_dims: D >= 1.
        hidden: width of the conditioner's two hidden layers.
        mask: (D,) bool, True where a dimension passes; all or none of them may.
        conditioner: a module from (B, D), the passing values with zeros in the places of the others, to (B, 2D): D
            numbers r and then D shifts t, of which only those where the mask is False are used. None makes an MLP of
            your own. With zeros in its last layer, a new flow is the identity, a good place to start training.
        """
        ### BEGIN SOLUTION
        super().__init__()
        if conditioner is None:
            last = nn.Linear(hidden, 2 * num_dims)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            conditioner = nn.Sequential(
                nn.Linear(num_dims, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), last
            )
        self.conditioner = conditioner
        self.register_buffer("mask", mask)
        ### END SOLUTION

    def log_scale_and_shift(self, values: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """z or x, which agree where the mask is True -> s = 3 tanh(r/3) and t, both 0 where the mask is True."""
        ### BEGIN SOLUTION
        raw, shift = self.conditioner(values.masked_fill(~self.mask, 0)).chunk(2, dim=1)
        log_scale = 3 * torch.tanh(raw / 3)
        return log_scale.masked_fill(self.mask, 0), shift.masked_fill(self.mask, 0)
        ### END SOLUTION

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """z (B, D) -> x (B, D), log_det (B,) = log |det dx/dz|."""
        ### BEGIN SOLUTION
        log_scale, shift = self.log_scale_and_shift(z)
        return z * log_scale.exp() + shift, log_scale.sum(1)
        ### END SOLUTION

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """x (B, D) -> z (B, D), log_det (B,) = log |det dz/dx|."""
        ### BEGIN SOLUTION
        log_scale, shift = self.log_scale_and_shift(x)
        return (x - shift) * (-log_scale).exp(), -log_scale.sum(1)
        ### END SOLUTION


class Flow(nn.Module):
    """Standard normal z (B, D), sent through `layers` in their order. Itself a layer: it has `forward` and `inverse`."""

    def __init__(self, layers: list[nn.Module], num_dims: int) -> None:
        """layers: modules with `forward(z) -> (x, log_det)` and `inverse(x) -> (z, log_det)`; none is fine as well."""
        ### BEGIN SOLUTION
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.num_dims = num_dims
        ### END SOLUTION

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """z (B, D) -> x (B, D), log_det (B,), summed over the layers."""
        ### BEGIN SOLUTION
        total = z.new_zeros(len(z))
        for layer in self.layers:
            z, log_det = layer(z)
            total = total + log_det
        return z, total
        ### END SOLUTION

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """x (B, D) -> z (B, D), log_det (B,), summed over the layers."""
        ### BEGIN SOLUTION
        total = x.new_zeros(len(x))
        for layer in reversed(self.layers):
            x, log_det = layer.inverse(x)
            total = total + log_det
        return x, total
        ### END SOLUTION

    def log_prob(self, x: Float[Tensor, "batch dims"]) -> Float[Tensor, "batch"]:
        """x (B, D) -> log p(x) (B,) in nats."""
        ### BEGIN SOLUTION
        z, log_det = self.inverse(x)
        return log_det - (z.square() + math.log(2 * math.pi)).sum(1) / 2
        ### END SOLUTION

    def sample(self, num_samples: int, generator: torch.Generator) -> Float[Tensor, "samples dims"]:
        """Independent samples (num_samples, D), without gradient, in the dtype of the layers' parameters."""
        ### BEGIN SOLUTION
        dtype = next((parameter.dtype for parameter in self.parameters()), torch.get_default_dtype())
        with torch.no_grad():
            return self(torch.randn(num_samples, self.num_dims, generator=generator, dtype=dtype))[0]
        ### END SOLUTION


# %% check="coupling"
check("coupling")

# %% figure="coupling"
from dgm_course.testing import randomize

generator = torch.Generator().manual_seed(3)
ticks, fine = torch.linspace(-2, 2, 9).double(), torch.linspace(-2, 2, 100).double()
upright = torch.stack(torch.meshgrid(ticks, fine, indexing="ij"), dim=-1)  # (line, point, coordinate)
grid = torch.cat([upright, upright.flip(-1)])
masks = [torch.tensor([True, False]), torch.tensor([False, True])] * 2
layers = [randomize(AffineCoupling(2, 16, mask), generator, scale=0.3) for mask in masks]

figure, axes = plt.subplots(1, 4, figsize=(12, 3.4), layout="constrained")
titles = ("z", "1 layer: upright lines stay", "2 layers", "4 layers")
for axis, depth, title in zip(axes, (0, 1, 2, 4), titles, strict=True):
    with torch.no_grad():
        bent, log_det = Flow(layers[:depth], 2)(grid.reshape(-1, 2))
    for number, line in enumerate(bent.reshape(grid.shape)):
        axis.plot(*line.T, color="C0" if number < len(ticks) else "C1", linewidth=1)
    axis.set(title=title, xlabel=f"areas grow by {log_det.exp().min():.2g} … {log_det.exp().max():.2g}")
plt.show()

# %% [markdown]
# **What breaks if** ...
#
# * the network reads all of $z$? `forward` runs, samples look fine, and nobody can go back: `inverse` would need $z$ to
#   find $z$. The Jacobian is no longer triangular either, so the log-determinant is a wrong number.
# * the log-determinant is a mean over the dimensions? The round trip is perfect. The density is wrong by a factor that
#   depends on $x$: it no longer has mass 1, and no picture shows it.
# * the inverse's log-determinant has the sign of the forward one? The likelihood of the training data gets *better*
#   with every step, for ever: the model is now paid for spreading out what it should gather. Task 10 finds this one.
# * both layers have the same mask? Half of the dimensions are still standard normal after a hundred layers.
#
# The answer to (a) is three, for more than two dimensions. After two layers the half that was changed last has heard of
# everything. The other half has heard of it, but its dimensions not yet of each other. In the plane each half is one
# dimension, and two layers suffice.
