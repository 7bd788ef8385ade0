# %% [markdown]
# ## Task 4 · Planar flows (8 points)
#
# The first flows of deep learning (Rezende and Mohamed, 2015, arXiv:1505.05770) bend space along one direction at a time:
# $$x = z + \hat u\, h(a), \qquad a = w^\top z + b, \qquad h = \tanh.$$
# All points of a plane $w^\top z = \text{const}$ are moved by the same vector, and only near $a = 0$ do neighbouring planes
# move differently. The Jacobian is the identity plus a matrix of rank one, and for those the determinant is one number
# (the matrix determinant lemma), at a cost of $D$ in place of $D^3$:
# $$\frac{\partial x}{\partial z} = I + h'(a)\, \hat u\, w^\top, \qquad
# \log\left|\det\frac{\partial x}{\partial z}\right| = \log\bigl|1 + h'(a)\, w^\top \hat u\bigr|, \qquad h'(a) = 1 - h(a)^2.$$
# Is the map invertible? Look along $w$ only: $w^\top x = w^\top z + w^\top\hat u\, \tanh(w^\top z + b)$. The slope of this
# function of $w^\top z$ is the determinant above, and since $0 < h' \le 1$ it stays positive exactly if
# $w^\top \hat u > -1$. Below, space folds over itself: two $z$ go to one $x$. No optimiser knows this, so the constraint is
# built into the layer. The free parameter is $u$, and the layer uses the $\hat u$ whose component along $w$ is lifted above −1,
# while everything orthogonal to $w$ stays as it is:
# $$\hat u = u + \bigl(m(w^\top u) - w^\top u\bigr)\frac{w}{\|w\|^2}, \qquad m(t) = -1 + \log(1 + e^t) > -1,$$
# so that $w^\top \hat u = m(w^\top u)$. The inverse exists now, but no formula gives it: a planar flow generates, and knows
# the density of what *it* generates. That was enough for its inventors, who needed a posterior to sample from.
#
# **Predict** before you run the figure: (a) with $w^\top u = -3$ and no constraint, how many $z$ does an $x$ in the fold have?
# (b) One layer moves along one direction. Can one layer turn a round Gaussian into two clusters?

# %% task="planar"
class Planar(nn.Module):
    """x = z + û tanh(wᵀz + b), invertible for any u and b and any w but 0.

    Its parameters are called `u` (D,), `w` (D,) and `b` (); û is made from them in every pass. How they start is up to you.
    """

    def __init__(self, num_dims: int) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        self.u = nn.Parameter(0.1 * torch.randn(num_dims))
        self.w = nn.Parameter(torch.randn(num_dims) / math.sqrt(num_dims))
        self.b = nn.Parameter(torch.zeros(()))
        ### END SOLUTION

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        """z (B, D) -> x (B, D), log |det ∂x/∂z| (B,); both finite however large z is."""
        ### BEGIN SOLUTION
        along = self.w @ self.u
        u = self.u + (F.softplus(along) - 1 - along) * self.w / (self.w @ self.w)  # û
        h = torch.tanh(z @ self.w + self.b)  # (B,)
        return z + h[:, None] * u, torch.log1p((1 - h**2) * (self.w @ u))
        ### END SOLUTION


# %% check="planar"
check("planar")

# %% figure="planar"
torch.manual_seed(0)
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4.0), layout="constrained")
layer = Planar(2)
with torch.no_grad():
    layer.w.copy_(torch.tensor([1.5, 1.0]))
    layer.u.copy_(torch.tensor([1.2, -0.6]))
    line = torch.linspace(-3.0, 3.0, 121)
    for level in torch.linspace(-3.0, 3.0, 25):
        for columns in ((line, level.expand(121)), (level.expand(121), line)):
            left.plot(*layer(torch.stack(columns, dim=1))[0].T, color="tab:blue", linewidth=0.7)
left.set(aspect="equal", title="a grid after one planar layer")

along, t = torch.tensor(-3.0), torch.linspace(-5.0, 5.0, 400)
middle.plot(t, t + along * torch.tanh(t), label="wᵀu = −3, no constraint: a fold")
middle.plot(t, t + (F.softplus(along) - 1) * torch.tanh(t), label="m(wᵀu) = −0.95: it rises")
middle.set(xlabel="wᵀz + b", ylabel="wᵀx + b")
middle.legend(fontsize=8)

z = torch.randn(3000, 2)
cuts = [Planar(2), Planar(2)]
with torch.no_grad():
    for layer, direction in zip(cuts, ([1.0, 0.3], [-0.3, 1.0]), strict=True):
        layer.w.copy_(4 * torch.tensor(direction))
        layer.u.copy_(2 * torch.tensor(direction))
    once = cuts[0](z)[0]
    for x, shift in ((z, -7.0), (once, 0.0), (cuts[1](once)[0], 9.0)):
        right.plot(x[:, 0] + shift, x[:, 1], ".", markersize=1.5)
right.set(aspect="equal", xticks=[], title="a Gaussian, after one layer, after two")
plt.show()

# %% [markdown]
# **What breaks if** the constraint is left out? Nothing stops the training: $\log|1 + h'\, w^\top u|$ is finite on both sides of
# the fold, and a number comes out. It is not a density of $x$ any more, because an $x$ in the fold has three $z$ and only one
# of them was counted. **What breaks if** the determinant uses $u$ where the map uses $\hat u$? For small weights the difference
# is small and for large ones it is not; autograd on a few random points finds it at once.
