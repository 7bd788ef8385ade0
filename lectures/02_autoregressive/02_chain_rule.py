# %% [markdown] slide="slide"
# ## The chain rule
#
# No assumption at all:
#
# $$p(a, b, c) = p(a)\; p(b \mid a)\; p(c \mid a, b) .$$
#
# Any joint distribution, any order of the variables. A hard question about everything becomes $D$ small questions, each
# of them *classification*: which symbol is next?

# %% [markdown] slide="fragment"
# - The factors are normalised one by one, so the product is: **no normalising constant**.
# - $\log p$ is a sum of $D$ log-probabilities: **exact likelihood**.
# - A draw answers the questions in turn: **$D$ steps, one after another**.

# %% [markdown] slide="subslide"
# **What breaks if** a factor peeks at its own variable? Say every factor peeks and puts everything on what it sees: each
# is normalised, the training loss falls to 0, and every string has "probability" 1, so that the "joint" sums to the
# number of strings. A likelihood that is too good to be true is a leak until proven otherwise. Half of homework 1 is
# this sentence.

# %% [markdown] slide="subslide"
# Let us answer the small questions by **counting again**, in Python's help texts. Given the last $d$ characters, how
# often was each character next? Step by step, such tables write. **Predict** the next symbol first; then try a longer
# context, hotter and colder.

# %%
NextSymbol(time=12)

# %% [markdown] slide="subslide"
# **Predict.** With $d = 0, 1, 2, \dots, 6$: how do the bits per character on training text go? And on new text?

# %% hide=true
corpus = data.text(length=64)
train_text, test_text = (corpus.decode(part.flatten()) for part in (corpus.train, corpus.test))


def counted_bits(context: int, text: str) -> float:
    """Bits per character of `text`, by counts of the training text with one pseudo-count in all."""
    pairs = Counter(train_text[i : i + context + 1] for i in range(len(train_text) - context))
    before = Counter(train_text[i : i + context] for i in range(len(train_text) - context))
    windows = [text[i : i + context + 1] for i in range(len(text) - context)]
    return -sum(math.log2((pairs[w] + 1 / 96) / (before[w[:-1]] + 1)) for w in windows) / len(windows)


counted = {
    name: torch.tensor([counted_bits(d, text) for d in range(7)])
    for name, text in (("training text", train_text), ("new text", test_text))
}
plots.lines(counted, xlabel="context d", ylabel="bits per character", title="counting what comes next")

# %% [markdown] slide="fragment"
# The table has $96^d$ rows. Soon almost every context is new, and a new context has no counts. **Counting fails because
# it cannot share**: what it learned after `the function` says nothing about `a function`.
