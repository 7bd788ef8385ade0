# %% [markdown]
# ## Task 9 · Causal self-attention with a cache (8 points)
#
# A convolution reads fixed distances. Attention lets each step choose what it reads (Vaswani et al., 2017,
# arXiv:1706.03762). From its vector $x_t$ each step computes a *query* $q_t$ (what am I looking for?), a *key* $k_t$
# (what do I offer?) and a *value* $v_t$ (what do I pass on), each with $d$ numbers. Step $t$ compares its query with
# the keys of the steps $s \le t$ and takes a weighted mean of their values:
# $$w_{ts} = \frac{\exp(q_t \cdot k_s / \sqrt d)}{\sum_{s' \le t} \exp(q_t \cdot k_{s'} / \sqrt d)} \;\text{ for } s \le t,
# \qquad w_{ts} = 0 \;\text{ for } s > t, \qquad y_t = \sum_{s \le t} w_{ts}\, v_s.$$
# *Several heads* do this side by side, each with its own slice of $d = C / H$ of the $C$ channels; a last linear layer
# mixes what they found.
#
# * The sum runs over the past and the present only, so the forbidden scores must be $-\infty$ **before** the softmax.
#   Step $t$ sees itself; a model of $p(x_t \mid x_{<t})$ shifts its input once, as in Task 6, and each row keeps at least one
#   entry.
# * With unit-normal entries, $q \cdot k$ has variance $d$. Without $1/\sqrt d$ a wide head is nearly an argmax, and
#   its gradient nearly zero.
# * Sampling adds one step at a time. The keys and values of earlier steps do not change, so keep them: with this *cache* a
#   new step costs one query against $t$ keys, instead of computing everything again.
#
# With a cache there are fewer queries than keys: the $T_q$ queries are those of the **last** $T_q$ of $T_k$ steps, and
# query $i$ stands at step $T_k - T_q + i$.
#
# **Predict**: what is the first row of the weights, whatever $q$ and $k$ are? What are the weights of a single new
# query against 5 cached keys and its own, if you forget where it stands and use the first row of the mask?

# %% task="attention"
def causal_attention_weights(
    q: Float[Tensor, "batch heads queries d"], k: Float[Tensor, "batch heads keys d"]
) -> Float[Tensor, "batch heads queries keys"]:
    """Softmax weights (B, H, Tq, Tk) of the queries of the last Tq steps over the keys of all Tk >= Tq steps.

    Entry [..., i, s] is 0 for s > Tk - Tq + i, and each row sums to 1. The scores are q·k / sqrt(d).
    """
    ### BEGIN SOLUTION
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    num_queries, num_keys = scores.shape[-2:]
    visible = torch.ones_like(scores, dtype=torch.bool).tril(num_keys - num_queries)
    return scores.masked_fill(~visible, -math.inf).softmax(-1)
    ### END SOLUTION


class CausalSelfAttention(nn.Module):
    """Self-attention with H heads: y_t reads x_s for s <= t, and can go on from a cache of the steps before."""

    def __init__(self, dim: int, num_heads: int) -> None:
        """dim: C channels.   num_heads: H, a divisor of C. Queries, keys, values and output are linear with bias."""
        ### BEGIN SOLUTION
        super().__init__()
        self.num_heads = num_heads
        self.to_qkv = nn.Linear(dim, 3 * dim)
        self.to_output = nn.Linear(dim, dim)
        ### END SOLUTION

    def forward(
        self, x: Float[Tensor, "batch time dim"], cache: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Float[Tensor, "batch time dim"], tuple[Tensor, Tensor]]:
        """x (B, T, C), the T >= 1 steps that follow those in the cache -> (y (B, T, C), cache with these steps added).

        cache: None at the start of a sequence, else what the call on the steps before returned: keys and values.
            It is neither changed nor kept in the module, so that one cache may be continued in two ways.
        """
        ### BEGIN SOLUTION
        q, k, v = (
            part.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # (B, H, T, d)
            for part in self.to_qkv(x).chunk(3, dim=-1)
        )
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        y = causal_attention_weights(q, k) @ v
        return self.to_output(y.transpose(1, 2).flatten(2)), (k, v)
        ### END SOLUTION


# %% check="attention"
check("attention")

# %% figure="attention"
import time

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
q, k = torch.randn(2, 1, 1, 16, 256)  # 16 steps, a head of 256 numbers
for axis, title, scaled in ((left, "weights", q), (middle, "without 1/√d: nearly an argmax", q * 256**0.5)):
    axis.imshow(causal_attention_weights(scaled, k)[0, 0], cmap="Blues", vmin=0, vmax=1)
    axis.set(title=title, xlabel="key", ylabel="query")

attention = CausalSelfAttention(64, 4)
x = torch.randn(4, 128, 64)
with torch.no_grad():
    for label, cached in (("all again, each step", False), ("with the cache", True)):
        cache, start, elapsed = None, time.perf_counter(), []
        for t in range(x.shape[1]):
            if cached:
                _, cache = attention(x[:, t : t + 1], cache)
            else:
                attention(x[:, : t + 1])
            elapsed.append(time.perf_counter() - start)
        right.plot(elapsed, label=label)
right.set(title="generating step by step", xlabel="steps", ylabel="seconds so far")
right.legend()
plt.show()

# %% [markdown]
# **What breaks if** ...
#
# * the mask multiplies the weights *after* the softmax? The future is gone from the mean, but not from the denominator:
#   rows sum to less than 1, and $y_t$ still depends on what comes later.
# * masked scores are set to 0 instead of $-\infty$? $e^0 = 1$: each future step gets a fair share of the weight.
# * the mask also hides the present? The first row has nothing left, $0/0$, and one NaN spreads over the whole loss.
# * the mask is always `tril()` from the first column on? Right without a cache. With one, a new step sees only step 0: samples
#   are poor although the training loss is fine. Compare cached and uncached outputs before you trust a sampler.
