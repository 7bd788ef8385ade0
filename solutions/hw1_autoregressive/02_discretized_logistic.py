# %% [markdown]
# ## Task 2 · A mixture of discretised logistics (10 points)
#
# A table with $K$ free entries does not know that grey level 254 is close to level 255. A density does, but
# a density is not a probability of levels. PixelCNN++ (Salimans et al., 2017, arXiv:1701.05517) takes the
# best of both: put the levels on $[-1, 1]$,
# $$v_k = \frac{2k}{K-1} - 1, \qquad k = 0, \dots, K-1,$$
# cut the line half-way between neighbours, $h = \frac{1}{K-1}$ to the left and to the right of each level,
# and give each level the mass that a logistic distribution (mean $\mu$, scale $s$, CDF
# $\sigma\!\left(\frac{v-\mu}{s}\right)$) has in its bin,
# $$P(k) = \sigma(a_k) - \sigma(b_k), \qquad a_k = \frac{v_k + h - \mu}{s}, \quad b_k = \frac{v_k - h - \mu}{s}.$$
# The line does not end at $\pm 1$, so **the edge bins take the tails**: level 0 gets everything to its left
# ($\sigma(b_0)$ is replaced by 0) and level $K-1$ everything to its right ($\sigma(a_{K-1})$ by 1). A
# mixture of $M$ components has the mass $\sum_m \pi_m P_m(k)$, with $\pi$ the softmax of logits.
#
# Written like this, the formula fails in practice: at $a_k = 60$ and $b_k = 50$ both sigmoids round to 1,
# the difference is 0, its logarithm $-\infty$ and its gradient NaN. A difference of nearly equal numbers is
# better written as a product. Check on paper that
# $$\sigma(a) - \sigma(b) = \sigma(a)\,\sigma(-b)\,\bigl(1 - e^{-(a-b)}\bigr), \qquad a - b = \frac{2h}{s},$$
# and each factor has a logarithm that never loses digits: `F.logsigmoid`, and $\log(1 - e^{-w})$ as
# `torch.log(-torch.expm1(-w))`.
#
# **Predict** before you run the figure: a very broad component, $s \gg 1$, gives which levels the most mass?
# And with the mean at $3$, outside $[-1, 1]$, what do the masses of all levels sum to?

# %% task="discretized-logistic"
def discretized_logistic_log_prob(
    x: Int[Tensor, "*shape"],
    means: Float[Tensor, "*shape M"],
    log_scales: Float[Tensor, "*shape M"],
    mixture_logits: Float[Tensor, "*shape M"],
    num_levels: int,
) -> Float[Tensor, "*shape"]:
    """Log-mass, in nats, of the levels x under mixtures of M ≥ 1 discretised logistics, one mixture per entry of x.

    x: levels in 0 … num_levels − 1, num_levels ≥ 2, in an array of any shape, also ().
    means: on the scale where the levels span [−1, 1]; may lie outside.   log_scales: log s, in −7 … 7.
    mixture_logits: unnormalised; their softmax over the last dimension is π.
    Values and gradients are finite and right for all of these, in the dtype of means.
    """
    ### BEGIN SOLUTION
    level = x.unsqueeze(-1)  # (*shape, 1)
    half = 1 / (num_levels - 1)
    value = 2 * half * level.to(means.dtype) - 1
    upper = (value + half - means) * torch.exp(-log_scales)  # a, (*shape, M)
    lower = (value - half - means) * torch.exp(-log_scales)  # b
    width = 2 * half * torch.exp(-log_scales)

    bounded_above, bounded_below = level < num_levels - 1, level > 0
    log_mass = (
        torch.where(bounded_above, F.logsigmoid(upper), 0.0)
        + torch.where(bounded_below, F.logsigmoid(-lower), 0.0)
        + torch.where(bounded_above & bounded_below, torch.log(-torch.expm1(-width)), 0.0)
    )
    return torch.logsumexp(F.log_softmax(mixture_logits, dim=-1) + log_mass, dim=-1)
    ### END SOLUTION


# %% check="discretized-logistic"
check("discretized-logistic")


# %% figure="discretized-logistic"
def levels_log_prob(means, log_scales, logits, num_levels, dtype=torch.float64):
    """Log-mass of every level under one mixture."""
    parameters = (torch.tensor(p, dtype=dtype).expand(num_levels, -1) for p in (means, log_scales, logits))
    return discretized_logistic_log_prob(torch.arange(num_levels), *parameters, num_levels)


figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4), layout="constrained")
mixtures = {
    "two narrow components": ([-0.6, 0.5], [-2.5, -3.5], [0.0, 0.7]),
    "one broad, s = 2": ([0.0], [math.log(2.0)], [0.0]),
    "mean 3, s = 0.5": ([3.0], [math.log(0.5)], [0.0]),
}
for offset, (name, parameters) in zip((-0.27, 0.0, 0.27), mixtures.items(), strict=True):
    mass = levels_log_prob(*parameters, 17).exp()
    left.bar(torch.arange(17) + offset, mass, width=0.27, label=f"{name}: Σ = {mass.sum():.6f}")
left.set(xlabel="level", ylabel="mass", yscale="log", ylim=(1e-3, 5.0))
left.legend(fontsize=8)

means = torch.linspace(-3.0, 3.0, 200)
yours = discretized_logistic_log_prob(
    torch.full((200,), 8), means[:, None], torch.full((200, 1), -3.0), torch.zeros(200, 1), 17
)
naive = (
    torch.sigmoid((1 / 16 - means) * math.exp(3.0)) - torch.sigmoid((-1 / 16 - means) * math.exp(3.0))
).log()
right.plot(means, yours, label="product form")
right.plot(means, naive, "--", label="log of the difference: ends where both σ are 1")
right.set(xlabel="mean μ, s = exp(−3)", ylabel="log-mass of level 8 of 0 … 16")
right.legend(fontsize=8)
plt.show()

# %% [markdown]
# **What breaks if** you clamp the difference at $10^{-12}$, as many programs do? The loss is finite, and its
# gradient is zero exactly where the model is most wrong: a mean that starts far from the data never comes
# back. In the right panel the product form falls with slope $-1/s$ for ever, and this slope is the way home.
# And **what breaks if** the edge bins do not take the tails? The masses sum to less than 1, by as much as
# the component lies outside: likelihoods of black and white pixels, the most frequent of all, are too low.
