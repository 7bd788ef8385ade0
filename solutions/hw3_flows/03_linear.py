# %% [markdown]
# ## Task 3 · Permutations, 1×1 convolutions, reflections (10 points)
#
# The flows to come change one half of the dimensions at a time. Between such layers the dimensions have to be mixed, and a
# linear map $x = Wz$ does that. Its log-determinant is the same number everywhere, $\log|\det W|$, and the art is to choose a
# $W$ whose inverse and determinant are cheap and stay so **while its weights are trained**.
#
# **Permutation.** $x_i = z_{\text{order}(i)}$. Nothing is stretched: log-determinant 0. The inverse is another permutation,
# the one with $\text{inverse}(\text{order}(i)) = i$; only special orders, such as a reversal, are their own.
#
# **Householder reflection.** $H = I - 2\,\dfrac{v v^\top}{\|v\|^2}$ flips the sign of the component along $v$ and leaves
# the rest alone. $H$ is orthogonal for every $v \ne 0$ and is its own inverse; a product of $R$ reflections,
# $x = H_R \cdots H_2 H_1 z$, is undone by the same reflections in the opposite order. At most $D$ of them make *any*
# orthogonal matrix, each has determinant $-1$, and $\log|\pm 1| = 0$.
#
# **Invertible 1×1 convolution** (Glow, Kingma and Dhariwal, 2018, arXiv:1807.03039). One $C \times C$ matrix mixes the channels
# at every pixel. All $H \cdot W$ pixels are stretched alike, so
# $$\log\left|\det\frac{\partial x}{\partial z}\right| = H \cdot W \cdot \log|\det W|.$$
# A free matrix can become singular on its way through training. So write it as
# $$W = P\, L\, \bigl(U + \mathrm{diag}(\sigma \odot e^{s})\bigr), \qquad \log|\det W| = \sum_{c=1}^C s_c,$$
# with a fixed permutation matrix $P$ and fixed signs $\sigma = \pm 1$, a lower triangular $L$ with ones on its diagonal, an
# upper triangular $U$ with zeros on it, and $s$ free. $L$, $U$, $s$ are the parameters; entries on the wrong side of a
# triangle count as 0 whatever they are. For **any** numbers in them $W$ is invertible, by two triangular systems. Start with a
# random orthogonal matrix, $W^\top W = I$, and take it apart with `torch.linalg.lu`, which gives $P$, $L$ and the rest.
#
# **Predict** before you run the figure: a free matrix and an LU matrix start as the same rotation of 8 channels and take 100
# random steps. Which of the two can become singular, so that $\log|\det W|$ drops towards $-\infty$ in a single step?


# %% task="linear"
class Permutation(nn.Module):
    """x[:, i] = z[:, order[i]]: reorders the dimensions of vectors (B, D), or the channels of images (B, C, H, W)."""

    def __init__(self, order: Int[Tensor, "dims"]) -> None:
        """order: (D,) integers, a permutation of 0 … D − 1."""
        ### BEGIN SOLUTION
        super().__init__()
        self.register_buffer("order", order)
        self.register_buffer("back", order.argsort())
        ### END SOLUTION

    def forward(self, z: Float[Tensor, "batch dims *pixels"]) -> tuple[Tensor, Float[Tensor, "batch"]]:
        """z -> x of the same shape, and log_det (B,)."""
        ### BEGIN SOLUTION
        return z[:, self.order], z.new_zeros(len(z))
        ### END SOLUTION

    def inverse(self, x: Float[Tensor, "batch dims *pixels"]) -> tuple[Tensor, Float[Tensor, "batch"]]:
        """x -> z of the same shape, and log_det (B,)."""
        ### BEGIN SOLUTION
        return x[:, self.back], x.new_zeros(len(x))
        ### END SOLUTION


class Householder(nn.Module):
    """x = H_R ⋯ H_1 z, a product of R reflections with a trained vector each: orthogonal for any vectors but 0."""

    def __init__(self, num_dims: int, num_reflections: int) -> None:
        """The vectors start at random, none of them 0."""
        ### BEGIN SOLUTION
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(num_reflections, num_dims))
        ### END SOLUTION

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        """z (B, D) -> x (B, D), log_det (B,)."""
        ### BEGIN SOLUTION
        x = z
        for v in self.vectors:
            x = x - 2 * (x @ v)[:, None] * v / (v @ v)
        return x, z.new_zeros(len(z))
        ### END SOLUTION

    def inverse(
        self, x: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        """x (B, D) -> z (B, D), log_det (B,)."""
        ### BEGIN SOLUTION
        z = x
        for v in self.vectors.flip(0):
            z = z - 2 * (z @ v)[:, None] * v / (v @ v)
        return z, x.new_zeros(len(x))
        ### END SOLUTION


class InvertibleConv1x1(nn.Module):
    """One C × C matrix W mixes the channels at every pixel: x[b, :, i, j] = W z[b, :, i, j]. W is kept as P, L, U, s."""

    def __init__(self, num_channels: int) -> None:
        """W starts as a random orthogonal matrix, another one for each layer. P and σ are buffers; L, U, s are parameters."""
        ### BEGIN SOLUTION
        super().__init__()
        rotation, _ = torch.linalg.qr(torch.randn(num_channels, num_channels))
        permutation, lower, upper = torch.linalg.lu(rotation)
        self.register_buffer("permutation", permutation)
        self.register_buffer("signs", upper.diagonal().sign())
        self.lower = nn.Parameter(lower)
        self.upper = nn.Parameter(upper)
        self.log_scales = nn.Parameter(upper.diagonal().abs().log())
        ### END SOLUTION

    def factors(self) -> tuple[Float[Tensor, "C C"], Float[Tensor, "C C"], Float[Tensor, "C C"]]:
        """P, L with ones on its diagonal, and U + diag(σ exp(s)), made from the parameters as they are now."""
        ### BEGIN SOLUTION
        lower = self.lower.tril(-1) + torch.eye(len(self.signs)).to(self.lower)
        upper = self.upper.triu(1) + torch.diag(self.signs * self.log_scales.exp())
        return self.permutation, lower, upper
        ### END SOLUTION

    def forward(
        self, z: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        """z (B, C, H, W) -> x (B, C, H, W), log_det (B,)."""
        ### BEGIN SOLUTION
        permutation, lower, upper = self.factors()
        x = torch.einsum("dc,bchw->bdhw", permutation @ lower @ upper, z)
        log_det = z.shape[2] * z.shape[3] * self.log_scales.sum()
        return x, log_det.expand(len(z))
        ### END SOLUTION

    def inverse(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        """x (B, C, H, W) -> z (B, C, H, W), log_det (B,)."""
        ### BEGIN SOLUTION
        permutation, lower, upper = self.factors()
        columns = permutation.T @ x.transpose(0, 1).flatten(1)  # (C, B·H·W)
        columns = torch.linalg.solve_triangular(lower, columns, upper=False)
        columns = torch.linalg.solve_triangular(upper, columns, upper=True)
        z = columns.unflatten(1, (len(x), *x.shape[2:])).transpose(0, 1)
        log_det = -x.shape[2] * x.shape[3] * self.log_scales.sum()
        return z, log_det.expand(len(x))
        ### END SOLUTION


# %% check="linear"
check("linear")

# %% figure="linear"
torch.manual_seed(6)
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 3.6), layout="constrained")
letter = torch.tensor(
    [[1, 0], [1, 3], [3, 3], [1, 3], [1, 1.7], [2.4, 1.7]]
)  # an F, which no rotation turns over
left.plot(*letter.T, color="gray", linewidth=4, label="z")
for num_reflections in (1, 2, 3):
    x = Householder(2, num_reflections)(letter)[0].detach()
    left.plot(*x.T, linewidth=4, label=f"{num_reflections} reflection{'s' * (num_reflections > 1)}")
left.plot(0, 0, "k+")
left.set(aspect="equal", title="odd numbers turn the F over", xlim=(-7, 7), ylim=(-7, 4.5))
left.legend(fontsize=8, loc="lower center", ncols=2)

layer = InvertibleConv1x1(8)
weight = layer(torch.eye(8)[:, :, None, None])[0].detach().squeeze().T
middle.imshow(weight, cmap="RdBu", vmin=-1, vmax=1)
middle.set(xlabel="channel of z", ylabel="channel of x", title="W at the start")

free, steps = weight.clone(), range(101)
curves = {"free matrix": [], "P L U": []}
pixel = torch.zeros(1, 8, 1, 1)
with torch.no_grad():
    for _ in steps:
        curves["free matrix"].append(torch.linalg.slogdet(free)[1].item())
        curves["P L U"].append(layer(pixel)[1].item())
        free += 0.15 * torch.randn(8, 8)
        for parameter in layer.parameters():
            parameter += 0.15 * torch.randn_like(parameter)
for name, curve in curves.items():
    right.plot(steps, curve, label=name)
right.set(xlabel="random steps", ylabel="log |det W|", title="a free matrix can hit a singular one")
right.legend(fontsize=8)
plt.show()

# %% [markdown]
# **What breaks if** you forget $H \cdot W$? Every gradient of the determinant is then too small by that factor, 64 times for a
# digit, and the density is no density. It cannot be seen with $1 \times 1$ images, where the factor is 1: try a test that
# only uses those. **What breaks if** you invert by the transpose? At the start nothing at all, $W$ is orthogonal; after the first
# step of training it is not. A test at initialisation is a test of the initialisation.
