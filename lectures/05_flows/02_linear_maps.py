# %% [markdown] slide="slide"
# ## Linear maps
#
# In $D$ dimensions a little cube becomes a little parallelepiped. Its volume is multiplied by the **determinant**
# $|\det \partial x / \partial z|$, so its density is divided by it, which is to multiply by $|\det \partial z / \partial x|$:
#
# $$\log p_X(x) = \log p_Z(z) + \log \left| \det \frac{\partial z}{\partial x} \right| .$$
#
# A linear map $x = A z$ has the same Jacobian everywhere: $\log|\det \partial z / \partial x| = -\log |\det A|$.

# %% [markdown] slide="subslide"
# **Predict** the sign of the log-determinant for each: a stretch, a shear, a rotation, a shrink.


# %% hide=true
def linear(matrix: torch.Tensor):
    """z ↦ Az with its log-determinant."""
    return lambda z: (z @ matrix.T, matrix.slogdet().logabsdet.expand(len(z)))


c, s = math.cos(0.5), math.sin(0.5)
matrices = {
    "stretch": torch.tensor([[1.5, 0.0], [0.0, 1.0]]),
    "shear": torch.tensor([[1.0, 0.8], [0.0, 1.0]]),
    "rotation": torch.tensor([[c, -s], [s, c]]),
    "shrink": torch.tensor([[0.5, 0.0], [0.3, 0.7]]),
}
plots.warped_grids({name: linear(matrix) for name, matrix in matrices.items()})

# %% [markdown] slide="subslide"
# Try it: stretch, shear and mirror the unit square. **Predict** which of the sliders change the area. One shear
# alone does not: what about both at once?

# %%
JacobianArea()

# %% [markdown] slide="subslide"
# **Two prices.** A general determinant costs $D^3$ operations, and so does an inverse. For an image with
# $D = 64 \cdot 64 \cdot 3$ that is two million million, *at every step of training*. What is cheap:
#
# - a **permutation**: $|\det| = 1$, its inverse undoes the exchange;
# - a **triangular** matrix: the product of its diagonal, the inverse by substitution;
# - a **reflection** (Householder): $|\det| = 1$, its own inverse;
# - $A = P L U$ ([Glow: Kingma & Dhariwal 2018, arXiv:1807.03039](https://arxiv.org/abs/1807.03039)): any invertible matrix
#   in a shape that shows its determinant, $\sum_i \log |U_{ii}|$.
#
# ### 1×1 convolutions
#
# Glow multiplies the $C$ channels of **every pixel** by one such matrix: a permutation of the channels that is learned.
# There are $H \cdot W$ pixels, so the log-determinant is $H \cdot W \cdot \log |\det A|$. *Forget the factor and the
# likelihood is off by a constant times the size of the picture*.

# %% [markdown] slide="fragment"
# **Linear maps fail** at everything but Gaussians: $A z + b$ of a Gaussian is a Gaussian. And a chain of linear maps is
# a linear map. We need a bend.
