# %% [markdown] slide="slide"
# ## Dequantisation
#
# Pixels are integers, and a density is free to put any height on a single point: fitted to integers as they are, a flow
# learns spikes, and its "likelihood" grows without bound. What an integer model owes is the mass of a **cell**,
#
# $$P(x) = \int_{[0,1)^D} p(x + u)\, du \;\ge\; \exp \mathbb E_{u \sim q(u \mid x)} \Big[ \log p(x + u) - \log q(u \mid x) \Big] .$$
#
# With $q$ uniform ([Uria et al. 2013, arXiv:1306.0186](https://arxiv.org/abs/1306.0186)): **add noise $u \in [0, 1)$ to every pixel, and train as always.** Bits per dimension of the flow are then an
# *upper* bound on what the integer model costs.
#
# With $y = (x + u)/K$ in $[0, 1)^D$, $-\log P(x) \le D \log K - \mathbb E_u \log p(y)$. The **logit** of $\alpha + (1 - 2\alpha)\, y$ then
# opens the box: $\alpha$ keeps it from the infinite ends, and it is a layer whose log-determinant counts.

# %% [markdown] slide="subslide"
# **Predict.** Digits with 17 levels. A categorical for each pixel by itself; a *density* for each pixel by itself, a mixture of
# eight logistics; a small RealNVP, that sees all 64 pixels. Who needs the fewest bits?

# %% hide=true
pixels = Histogram(17, (1, 8, 8)).count(digits.train, smoothing=0.1)
independent = bits_per_dim(pixels.loss(digits.test).item(), 64)


def cost(model: UniformDequantization, num_particles: int = 1) -> float:
    """Bits per dimension on the test digits, by the bound or by many particles."""
    with torch.no_grad():
        x = digits.test.view(-1, *model.event_shape)
        bound = model.log_prob(x, num_particles=num_particles, generator=noise(8))
    return bits_per_dim(-bound.mean().item(), 64)


flat = {
    "independent densities": (Flow([MixtureCDF((64,), num_components=8)], (64,)), 30, 2e-2),
    "RealNVP × 4": (RealNVP(64, num_layers=4, hidden=(64,)), 10, 2e-3),
}
costs = {}
for name, (density, epochs, lr) in flat.items():
    torch.manual_seed(0)
    noisy = UniformDequantization(density, num_levels=17)
    fit(noisy, digits.train.flatten(1), epochs=epochs, batch_size=64, lr=lr, progress=False)
    costs[f"{name}, uniform noise"] = cost(noisy)
plots.ladder(
    {**costs, "independent categorical": independent, "multiscale, uniform noise": cost(multiscale)},
    unit="bits/dim on test digits",
)

# %% [markdown] slide="fragment"
# **Uniform noise loses to counting.** Compare the two that take each pixel by itself: they know the same, and the density needs
# more bits. Many pixels of these digits are always 0. A categorical says so and pays nothing; a density has to fill the whole
# cell, $[0, 1)$, *evenly*, with a smooth map, and pays for every corner it misses. The small RealNVP knows the strokes and
# still loses on the background. A larger one, trained for longer, just wins; convolutions and several scales win clearly.

# %% [markdown] slide="subslide"
# ### Variational dequantisation
#
# Let the noise be another flow, that looks at $x$ and puts $u$ where the first flow likes it: $q(u \mid x)$ is learned, and
# what it gains is paid honestly by $-\log q$ ([Flow++: Ho et al. 2019, arXiv:1902.00275](https://arxiv.org/abs/1902.00275)).

# %%
torch.manual_seed(0)
variational = VariationalDequantization(
    MultiscaleRealNVP((1, 8, 8), num_scales=3, channels=24), num_levels=17
)
fit(variational, digits.train, epochs=12, batch_size=64, lr=2e-3, progress=False)
print(
    f"uniform {cost(multiscale):.3f}, variational {cost(variational):.3f}, independent {independent:.3f} bits/dim"
)

# %% [markdown] slide="subslide"
# **What breaks if** the noise fills half of the cell only, $u \in [0, \tfrac12)$? **Predict** the bits per dimension.

# %%
half = UniformDequantization(MultiscaleRealNVP((1, 8, 8), num_scales=3, channels=24), num_levels=17)
whole_cell = half.noise
half.noise = lambda x, generator=None: (whole_cell(x, generator)[0] / 2, torch.zeros(len(x)))
torch.manual_seed(0)
fit(half, digits.train, epochs=12, batch_size=64, lr=2e-3, progress=False)
print(f"noise on half a cell: {cost(half):.3f} bits/dim, a new record")

# %% [markdown] slide="subslide"
# One pixel, by itself: **predict** how many bits half a cell of noise *claims* to save, and how many it saves on the integers.

# %%
Dequantization()

# %% [markdown] slide="fragment"
# The flow learned that half of the space is empty, and doubled the density of the other half: up to **1 bit/dim for nothing**.
# No sampler, no loss curve and no picture shows it. The noise itself is no crime: charged with its $\log q(u \mid x) = D \log 2$,
# it gives a valid bound again. The bug is the term that was not paid.
