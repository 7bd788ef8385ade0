# %% [markdown] slide="slide"
# ## Markov models
#
# Keep the window of $d$ symbols, replace the table by **one network** that all positions share
# ([Bengio et al. 2003](https://jmlr.org/papers/v3/bengio03a.html)):
#
# $$p(x_t \mid x_{<t}) \approx p_\theta(x_t \mid x_{t-d}, \dots, x_{t-1}) .$$
#
# Similar windows now give similar answers. Before the beginning of a text the window reads a **start symbol that is no
# character**: then the network knows how much of its window is real.

# %%
MarkovMLP(length=6, num_levels=96, context=3).windows(torch.tensor([[10, 20, 30, 40, 50, 60]]))

# %% [markdown] slide="subslide"
# **Predict:** the best table of counts needed how many bits per character? Will 300 small steps of a network do better?

# %%
markov = MarkovMLP(length=64, num_levels=96, context=6)
fit(markov, corpus.train, steps=300, batch_size=32, lr=4e-3, progress=False)


def bits_per_character(model: torch.nn.Module) -> float:
    with torch.no_grad():
        return bits_per_dim(model.loss(corpus.test).item(), 64)


print(f"network: {bits_per_character(markov):.2f} bits/char; best table: {counted['new text'].min():.2f}")
print(corpus.decode(markov.sample(3, generator=noise()).flatten()))

# %% [markdown] slide="subslide"
# The network is not yet better than a good table of counts: it has seen the texts not even twice, in a few seconds. But
# it does not have $96^6$ rows. What it can never do is look further back than its window. Which pairs of positions are
# connected?

# %% hide=true
window = randomize(MarkovMLP(length=12, num_levels=3, context=3, hidden=16).double(), noise())
reads = dependencies(window.logits, torch.randint(3, (8, 12), generator=noise()), alternatives=3)
everything_before = torch.ones(12, 12, dtype=torch.bool).tril(-1)
plots.dependency_matrix(
    reads, everything_before, inputs="input", outputs="output", title="a window of 3; ○ is never seen"
)

# %% [markdown] slide="fragment"
# **It fails** at an opening bracket seven characters ago. A longer window costs more weights, and there is always
# something longer.
