# %% [markdown]
# ## Task 1 · Histograms: counting as maximum likelihood (6 points)
#
# The smallest generative model is a table: one probability $q_k$ for each of $K$ levels. Give it $n$
# independent examples and let $c_k$ be the number of times level $k$ was seen. The negative log-likelihood
# per example is
# $$-\frac1n\sum_{i=1}^n \log q_{x_i} = -\sum_{k=0}^{K-1}\frac{c_k}{n}\log q_k = H(\hat p) + \mathrm{KL}(\hat p\,\|\,q),
# \qquad \hat p_k = \frac{c_k}{n},$$
# so the best table is the table of frequencies, and no table gets below the entropy $H(\hat p)$. A level
# that was never seen would get probability 0 and make every future example of it infinitely surprising.
# **Smoothing** pretends that each level was seen $\alpha$ more times:
# $$q_k = \frac{c_k + \alpha}{n + K\alpha}.$$
# Every model of this homework is a table like this one, whose entries a network computes from what came
# before. Such a table cannot be counted, it must be trained; so fit this one a second time by gradient
# descent on logits $\theta$, with $q = \mathrm{softmax}(\theta)$, and see it arrive at the counts. The
# gradient of the loss in $\theta_k$ is $q_k - \hat p_k$: what the model believes minus what it saw.
#
# **Predict** before you run: which levels does gradient descent get right first, the frequent or the rare
# ones? And how long would it need for a level with count 0?

# %% task="histogram"
def fit_histogram(x: Int[Tensor, "n"], num_levels: int, smoothing: float = 1.0) -> Float[Tensor, "K"]:
    """Log-probabilities of the smoothed frequencies of the levels, by counting.

    x: levels in 0 … num_levels − 1; some may be missing.   smoothing: α ≥ 0, added to every count.
    Returns log q in nats, float64, one per level, seen or not.
    """
    ### BEGIN SOLUTION
    counts = torch.bincount(x, minlength=num_levels).double() + smoothing
    return counts.log() - counts.sum().log()
    ### END SOLUTION


def histogram_nll(log_probs: Float[Tensor, "K"], x: Int[Tensor, "n"]) -> Float[Tensor, ""]:
    """Negative log-likelihood of the examples x under the table, in nats per example (a scalar tensor)."""
    ### BEGIN SOLUTION
    return -log_probs[x].mean()
    ### END SOLUTION


def fit_softmax_histogram(
    x: Int[Tensor, "n"], num_levels: int, *, num_steps: int = 500, learning_rate: float = 1.0
) -> Float[Tensor, "K"]:
    """Logits, float64, after num_steps of gradient descent on the nats per example, from logits 0.

    Each step uses all of x and is plain: logits ← logits − learning_rate · gradient. No smoothing.
    """
    ### BEGIN SOLUTION
    logits = torch.zeros(num_levels, dtype=torch.float64, requires_grad=True)
    for _ in range(num_steps):
        loss = histogram_nll(F.log_softmax(logits, dim=-1), x)
        (gradient,) = torch.autograd.grad(loss, logits)
        with torch.no_grad():
            logits -= learning_rate * gradient
    return logits.detach()
    ### END SOLUTION


# %% check="histogram"
check("histogram")

# %% figure="histogram"
rolls = torch.randint(6, (200, 3), generator=torch.Generator().manual_seed(1)).sum(dim=1)
counted = fit_histogram(rolls, num_levels=18, smoothing=0.0)
seen = counted.isfinite()
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.2), layout="constrained")
left.bar(range(18), counted.exp(), color="lightgray", label="frequencies")
left.step(range(18), fit_histogram(rolls, 18).exp(), where="mid", label="smoothed, α = 1")
steps = (3, 30, 300)
for num_steps in steps:
    descent = F.log_softmax(fit_softmax_histogram(rolls, 18, num_steps=num_steps), dim=-1)
    left.plot(descent.exp(), ".-", label=f"gradient descent, {num_steps} steps")
    right.plot(counted.exp()[seen], (descent - counted)[seen], "o", label=f"{num_steps} steps")
left.set(xlabel="sum of three dice, counted from 0", ylabel="probability")
left.legend(fontsize=8)
right.axhline(0.0, color="gray")
right.set(xscale="log", xlabel="frequency of the level", ylabel="log q − log p̂")
right.legend(title="the rare levels arrive last", fontsize=8)
plt.show()

# %% [markdown]
# **What breaks if** you leave the smoothing out? Levels 16 and 17 cannot occur with three dice, so nothing
# is lost; but a sum of 0 or 15 has probability 1/216 and may well be missing from 200 rolls. The unsmoothed
# table calls it impossible, and one such roll in the test data makes the test likelihood $-\infty$. Gradient
# descent never says "impossible": the gradient of an unseen level is $q_k$ itself and dies as $q_k$ shrinks.
