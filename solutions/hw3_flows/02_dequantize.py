# %% [markdown]
# ## Task 2 · Dequantisation, logits and bits per dimension (8 points)
#
# An image has levels $0, \dots, K-1$, and a density has no mass on single points. Trained on levels, it finds out: a narrow
# peak on each level, and the likelihood grows without any bound, while nothing was learned. **Dequantisation** gives each
# level its own cell and spreads it there evenly,
# $$y = \frac{x + u}{K}, \qquad u \sim \mathrm{Uniform}[0, 1)^D, \qquad y \in [0, 1)^D.$$
# Now a density means something. The probability of an image is the mass of its cell, and by Jensen's inequality
# $$\log P(x) = \log \int_{[0,1)^D} p\!\left(\frac{x + u}{K}\right) K^{-D}\, du
# \;\ge\; \mathbb{E}_u\left[\log p(y)\right] - D \log K.$$
# So a flow on dequantised data bounds the likelihood of the discrete data, and $D \log K$ is what turns the density of a
# continuous $y$ into the probability of a discrete $x$. In bits and for each of $D$ dimensions,
# $$\text{bits/dim} = -\frac{\log p(y) - D \log K}{D \log 2}.$$
#
# A flow made of smooth maps reaches all of $\mathbb{R}^D$ while $y$ lives in a box. The **logit** opens the box. To stay
# away from its infinite ends, squeeze a little first, with $0 \le \alpha < \tfrac12$:
# $$z = \mathrm{logit}(s) = \log\frac{s}{1 - s}, \qquad s = \alpha + (1 - 2\alpha)\, y, \qquad
# \log\left|\det\frac{\partial z}{\partial y}\right| = \sum_{d=1}^D \log\frac{1 - 2\alpha}{s_d (1 - s_d)}.$$
# This is a layer like any other and its determinant counts. On the way back $s = \sigma(z)$, and for large $|z|$ the product
# $\sigma(z)\,\sigma(-z)$ underflows, so add two `F.logsigmoid`. A sampled $y$ may lie a little outside $[0, 1)$.
#
# **Precision.** $255 + u$ needs 8 bits for the 255 alone, and a float32 has 24: for $u$ close to 1 the sum rounds up to 256,
# a level that does not exist. Draw and add in float64.
#
# **Predict** before you run the figure: (a) how many bits/dim has the uniform density on $[0, 1)^D$ with $K = 256$ levels?
# (b) The right panel measures a mixture of normal densities, one on the middle of each level, as their width goes to 0: on
# levels, on levels with noise. Which curve has a floor, and what is its height?


# %% task="dequantize"
def dequantize(
    x: Int[Tensor, "batch *event"], num_levels: int, generator: torch.Generator
) -> Float[Tensor, "batch *event"]:
    """y = (x + u) / K in [0, 1), float64, with independent uniform noise u for every entry, from `generator` only.

    x: levels in 0 … K − 1; K = num_levels may be as large as 65536 (sound).
    """
    ### BEGIN SOLUTION
    u = torch.rand(x.shape, generator=generator, dtype=torch.float64)
    return (x + u) / num_levels
    ### END SOLUTION


def quantize(y: Float[Tensor, "batch *event"], num_levels: int) -> Int[Tensor, "batch *event"]:
    """The level, int64, in whose cell y lies; outside [0, 1) it is the nearest of 0 and K − 1."""
    ### BEGIN SOLUTION
    return (y * num_levels).floor().long().clamp(0, num_levels - 1)
    ### END SOLUTION


def to_logits(
    y: Float[Tensor, "batch *event"], alpha: float
) -> tuple[Float[Tensor, "batch *event"], Float[Tensor, "batch"]]:
    """z = logit(α + (1 − 2α) y), entry by entry, and log |det ∂z/∂y| of each example (B,); one event dimension or more."""
    ### BEGIN SOLUTION
    s = alpha + (1 - 2 * alpha) * y
    log_slopes = math.log1p(-2 * alpha) - s.log() - torch.log1p(-s)
    return torch.logit(s), log_slopes.flatten(1).sum(1)
    ### END SOLUTION


def from_logits(
    z: Float[Tensor, "batch *event"], alpha: float
) -> tuple[Float[Tensor, "batch *event"], Float[Tensor, "batch"]]:
    """The way back: y and log |det ∂y/∂z| of each example (B,), which is finite for |z| of some hundreds too."""
    ### BEGIN SOLUTION
    y = (torch.sigmoid(z) - alpha) / (1 - 2 * alpha)
    log_slopes = F.logsigmoid(z) + F.logsigmoid(-z) - math.log1p(-2 * alpha)
    return y, log_slopes.flatten(1).sum(1)
    ### END SOLUTION


def bits_per_dim(log_prob: Float[Tensor, "batch"], num_dims: int, num_levels: int) -> Float[Tensor, "batch"]:
    """Bits per dimension of each example, from the log-density, in nats, of its y in [0, 1)^D."""
    ### BEGIN SOLUTION
    return (math.log(num_levels) - log_prob / num_dims) / math.log(2)
    ### END SOLUTION


# %% check="dequantize"
check("dequantize")

# %% figure="dequantize"
pixels = data.digits().train.flatten()[:5_000]  # levels 0 … 16
noisy = dequantize(pixels, 17, torch.Generator().manual_seed(1))
frequencies = torch.bincount(pixels, minlength=17).double() / len(pixels)
entropy = -torch.xlogy(frequencies, frequencies).sum() / math.log(2)


def level_mixture_log_prob(y, width):
    """One normal density on the middle of each level, weighted by its frequency."""
    z = (y[:, None] - (torch.arange(17) + 0.5) / 17) / width
    return torch.logsumexp(frequencies.log() - 0.5 * z**2, dim=1) - math.log(width * math.sqrt(2 * math.pi))


figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 3.6), layout="constrained")
left.hist(noisy, bins=170, range=(0, 1), density=True, color="lightgray", label="dequantised")
left.vlines((torch.arange(17) + 0.5) / 17, 0, 17 * frequencies, linewidth=1, label="levels")
left.set(yscale="log", xlabel="y", ylabel="density, 17 · frequency", title="every level fills its cell")
left.legend(fontsize=8)

y = torch.linspace(0.0, 1.0, 400, dtype=torch.float64)[:, None]
for alpha in (0.0, 0.01, 0.1):
    middle.plot(y[:, 0], to_logits(y, alpha)[0][:, 0], label=f"α = {alpha:g}")
middle.set(xlabel="y", ylabel="z", ylim=(-8, 8), title="the logit opens the box")
middle.legend(fontsize=8)

widths = np.geomspace(0.2, 0.0002, 30)
for name, values in (("levels", (pixels.double() + 0.5) / 17), ("dequantised", noisy)):
    curve = [bits_per_dim(level_mixture_log_prob(values, width), 1, 17).mean() for width in widths]
    right.plot(widths * 17, curve, label=name)
right.axhline(entropy, color="gray", linestyle=":", label="entropy of the levels")
right.set(
    xscale="log",
    xlabel="width of the peaks, in cells",
    ylabel="bits per dimension",
    ylim=(-8, 12),
    title="who is paid for peaks?",
)
right.invert_xaxis()
right.legend(fontsize=8)
plt.show()

# %% [markdown]
# **What breaks if** the noise fills half of the cell only? The density may then pile up on that half and be twice as high:
# the flow reports **one bit per dimension less** than is true, and a table of such results looks like progress. This bug has
# been published. It is found by looking at the noise, never by looking at the loss.
#
# And **what breaks if** you forget $D \log K$? For $K = 256$ the result is 8 bits/dim too small. Most flows on natural
# images reach 3 to 4 bits, so the giveaway is a negative number of bits.
