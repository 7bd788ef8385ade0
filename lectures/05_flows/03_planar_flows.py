# %% [markdown] slide="slide"
# ## Planar flows
#
# The smallest bend ([Rezende & Mohamed 2015, arXiv:1505.05770](https://arxiv.org/abs/1505.05770)): push along one direction $u$,
# by an amount that depends on one other direction $w$,
#
# $$x = z + u \tanh(w^\top z + b), \qquad
#   \det \frac{\partial x}{\partial z} = 1 + h'(w^\top z + b)\; u^\top w .$$
#
# A matrix of the form $I + u v^\top$ has the determinant $1 + u^\top v$: $D$ operations instead of $D^3$.

# %% [markdown] slide="subslide"
# **Predict.** How many such layers does it take for two moons?

# %% hide=true
moons = data.moons()
points = moons.sample(2000, generator=noise(1))
held_out = moons.sample(2000, generator=noise(2))
planar = {}
for depth in (2, 8):
    torch.manual_seed(0)
    planar[depth] = PlanarFlow(2, num_layers=depth)
    fit(planar[depth], points, steps=800, batch_size=200, lr=1e-2, progress=False)
    with torch.no_grad():
        print(f"{depth} planar layers: {planar[depth].loss(held_out):.3f} nats (the moons' entropy is 1.830)")
display(plots.density(planar[8].log_prob, samples=held_out[:300]))

# %% [markdown] slide="fragment"
# Two bends cannot part the moons, eight begin to. Sixteen, trained on ten times as many points in four times as many steps, come
# to 1.88 nats (README).

# %% [markdown] slide="subslide"
# Try it: one bend. Turn $w$, lengthen $u$, and let the map fold.

# %%
PlanarBend()

# %% [markdown] slide="subslide"
# **What breaks if** $u^\top w < -1$? The map folds: three $z$ arrive at one $x$, and what we call a density is none. So $u$ is
# replaced by $\hat u = u + \big(m(w^\top u) - w^\top u\big) \frac{w}{\|w\|^2}$ with $m(a) = -1 + \log(1 + e^a)$: then $\hat u^\top w > -1$ for any weights.

# %% [markdown] slide="fragment"
# **Planar flows fail** twice. Each layer makes *one* bend, through a bottleneck one number wide. And there is no formula for
# $z$ given $x$: the density of *data* needs a root search for each layer and point. We want networks of any size inside $f$, and both
# directions in closed form.
