# %% [markdown] slide="slide"
# ## Recurrent models
#
# Do not keep the past, keep a **summary** of it, of fixed size
# ([of words: Mikolov et al. 2010](https://www.isca-archive.org/interspeech_2010/mikolov10_interspeech.html), ours of
# characters: a char-RNN; [GRU: arXiv:1406.1078](https://arxiv.org/abs/1406.1078)):
#
# $$h_t = f(h_{t-1}, x_{t-1}), \qquad p(x_t \mid x_{<t}) = \mathrm{softmax}(V h_t + b) .$$
#
# Training reads whole sequences shifted by one: position $t$ is given $x_{t-1}$ and asked for $x_t$. Drawing keeps the
# state: each new symbol costs one step.

# %%
rnn = CharRNN(length=64, num_levels=96)
fit(rnn, corpus.train, steps=260, batch_size=32, lr=4e-3, progress=False)
print(f"char-RNN: {bits_per_character(rnn):.2f} bits/char; window: {bits_per_character(markov):.2f}")
print(corpus.decode(rnn.sample(3, generator=noise()).flatten()))

# %% [markdown] slide="subslide"
# **What breaks if**
#
# - the target is not shifted? Position $t$ reads $x_t$: zero loss, no model.
# - padding counts as text? Short sequences get a likelihood of their padding.
# - the state of one batch is handed on to the next? The first symbol depends on a stranger.

# %% [markdown] slide="subslide"
# **How far back does it really listen?** On paper, to the beginning. We change one character $k$ steps ago and look how
# much the next-character distribution moves. **Predict** the curve: flat, a line, or exponential decay?


# %% hide=true
@torch.no_grad()
def influence(model: torch.nn.Module, lags: range) -> torch.Tensor:
    """KL in nats between the last conditional before and after the character k steps ago was replaced."""
    x = corpus.test[:200]
    before = model.logits(x)[:, -1].log_softmax(-1)
    moved = []
    for k in lags:
        other = x.clone()
        other[:, -1 - k] = x.roll(1, 0)[:, -1 - k]
        after = model.logits(other)[:, -1].log_softmax(-1)
        moved.append(F.kl_div(after, before, log_target=True, reduction="batchmean"))
    return torch.stack(moved)


lags = range(1, 33)
plots.lines(
    {"char-RNN": influence(rnn, lags)},
    x=torch.tensor(lags),
    log=True,
    xlabel="characters ago",
    ylabel="change of the next (nats)",
    title="what an RNN still hears",
)

# %% [markdown] slide="fragment"
# **It fails** twice. Whatever is old went through the same squeeze $k$ times and fades. And training is as sequential as
# drawing: step $t$ waits for step $t - 1$, though all targets are known.
