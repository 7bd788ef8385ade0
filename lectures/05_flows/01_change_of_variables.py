# %% [markdown] slide="slide"
# ## Change of variables
#
# Probability is dough: a map can stretch it, not make more of it. A piece $dz$ becomes a piece $dx$ **of the same mass**:
#
# $$p_X(x)\, |dx| = p_Z(z)\, |dz| \qquad \Longrightarrow \qquad
#   p_X(x) = p_Z\big(f^{-1}(x)\big) \left| \frac{d f^{-1}}{dx}(x) \right| .$$
#
# Where $f$ is steep, probability is spread thin; where it is flat, it is heaped up.

# %% [markdown] slide="subslide"
# **Predict.** A Gaussian is pushed through a curve that is flat at two places. What does the density on the left look like?


# %% hide=true
def two_flats(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """x(z) and log dx/dz of a curve that hardly rises near z = ±1."""
    right, left = torch.tanh(4 * (z - 1)), torch.tanh(4 * (z + 1))
    return 1.6 * z - 0.3 * (left + right), (1.6 - 1.2 * (2 - left.square() - right.square())).log()


plots.pushed_forward(two_flats, normal.log_prob, torch.linspace(-2.5, 2.5, 11))

# %% [markdown] slide="subslide"
# Try it: move the interval and watch its two areas; let the map fall; leave out the bars, or the slope.

# %%
ChangeOfVariables()

# %% [markdown] slide="subslide"
# **What breaks if** the bars $|\cdot|$ are left out? A falling map turns the order of the points round, and its derivative is
# negative: the logarithm of a negative density. **Or if** the derivative is that of $f$ and not of $f^{-1}$?

# %%
x = torch.linspace(-12, 12, 2001, dtype=torch.float64)
z = (x + 1) / -3  # x = −3z − 1: falls, and stretches threefold
densities = {
    "with |df⁻¹/dx|": normal.log_prob(z).exp() / 3,
    "without bars": normal.log_prob(z).exp() / -3,
    "with |df/dz|": normal.log_prob(z).exp() * 3,
    "without any": normal.log_prob(z).exp(),
}
for name, p in densities.items():
    print(f"{name:15} mass {torch.trapezoid(p, x):6.3f}")

# %% [markdown] slide="fragment"
# ### Any density in one dimension
#
# The distribution function $F$ maps $x$ to a uniform number, and its derivative *is* the density. So every rising curve
# from 0 to 1 is a model, such as a mixture of logistic curves (the *mixture-CDF* layer of
# [arXiv:1902.00275](https://arxiv.org/abs/1902.00275)), and its inverse is a sampler: $x = F^{-1}(u)$. In one dimension we are done.
#
# Where $F^{-1}$ has no formula, **bisection** finds it, because $F$ rises: start with two points that have the solution between
# them, look at the middle, and keep the half that holds it. Sixty halvings use up the digits of a float64.
