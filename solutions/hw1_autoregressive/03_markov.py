# %% [markdown]
# ## Task 3 · A Markov window (6 points)
#
# Now let the table depend on what came before. The exact factorisation $p(x) = \prod_t p(x_t \mid x_1,
# \dots, x_{t-1})$ needs a different table for every possible past; the oldest way out is to forget all but
# the last $d$ symbols,
# $$p(x) = \prod_{t=1}^{T} p(x_t \mid x_{t-d}, \dots, x_{t-1}),$$
# and to compute the table from these $d$ symbols by one small network, the same at every $t$ (Bengio et al.,
# 2003, *A neural probabilistic language model*). Each symbol is looked up in an embedding table, the $d$
# vectors are laid side by side, and an MLP with one hidden layer turns them into $K$ logits.
#
# At the beginning the window looks over the edge. The places before the string hold a **start symbol**,
# which is a symbol of its own: index $K$, one more than the data can show, with an embedding of its own. If
# it were, say, symbol 0, the model could not tell "nothing yet" from "$d$ zeros".
#
# Whatever the weights are, each table sums to one, hence so does the product: $\sum_x p(x) = 1$ over all
# $K^T$ strings. That is the test that a leak cannot pass, and on short strings we can simply do it.
#
# **Predict** before you run the figure: text has about 96 symbols. How many rows would a table for $d = 8$
# have? Does a longer window always give a better likelihood on *held-out* text, for the same number of
# training steps?

# %% task="markov"
class MarkovMLP(nn.Module):
    """Strings of K symbols in which each depends on the d before it, through one MLP shared by all positions."""

    def __init__(self, num_symbols: int, context: int, embedding_dim: int, hidden_dim: int) -> None:
        """num_symbols: K ≥ 1.   context: d ≥ 1.   The embedding has K + 1 rows, the last is the start symbol's."""
        ### BEGIN SOLUTION
        super().__init__()
        self.num_symbols, self.context = num_symbols, context
        self.embedding = nn.Embedding(num_symbols + 1, embedding_dim)
        self.hidden = nn.Linear(context * embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, num_symbols)
        ### END SOLUTION

    def forward(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length K"]:
        """Logits of every position: `logits[:, t]` is computed from x[:, t−d], …, x[:, t−1] and from nothing else.

        The order of the d symbols matters. Where t − d < 0 the missing places hold the start symbol, K.
        """
        ### BEGIN SOLUTION
        padded = F.pad(x, (self.context, 0), value=self.num_symbols)  # (B, d + T)
        windows = padded[:, :-1].unfold(1, self.context, 1)  # (B, T, d), window t ends with x[:, t − 1]
        vectors = self.embedding(windows).flatten(start_dim=2)  # (B, T, d · embedding_dim)
        return self.output(torch.tanh(self.hidden(vectors)))
        ### END SOLUTION

    def log_prob(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch"]:
        """Log-probability of each string in nats, summed over all its positions, the first included."""
        ### BEGIN SOLUTION
        log_probs = F.log_softmax(self(x), dim=-1)
        return log_probs.gather(-1, x[..., None]).squeeze(-1).sum(dim=1)
        ### END SOLUTION


# %% check="markov"
check("markov")

# %% figure="markov"
corpus = data.text(length=64)
nats, contexts = [], (1, 2, 3, 5, 8)
for context in contexts:
    torch.manual_seed(0)
    model = MarkovMLP(corpus.num_levels, context, embedding_dim=12, hidden_dim=64)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        loss = -model.log_prob(corpus.train[torch.randint(len(corpus.train), (16,))]).mean() / 64
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        nats.append(-model.log_prob(corpus.test[:200]).mean().item() / 64)

frequencies = torch.bincount(corpus.train.flatten(), minlength=corpus.num_levels) / corpus.train.numel()
floor = -torch.xlogy(frequencies, frequencies).sum()
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
axes.axhline(floor, color="gray", label="no context: entropy of the characters")
axes.plot(contexts, nats, "o-", label="window of d, 120 steps of training")
axes.set(xlabel="context d", ylabel="nats per character, held out", xticks=contexts)
axes.legend(fontsize=8)
plt.show()

# %% [markdown]
# **What breaks if** the window is shifted by one, so that it ends with $x_t$ itself? The loss in the figure
# drops to almost 0 within seconds, because the network only has to copy; $\sum_x p(x)$ becomes anything, and
# there is no way to sample, since $x_t$ would have to be known to be drawn. **What breaks if** the window is
# shifted the other way, to $x_{t-d-1}, \dots, x_{t-2}$? Nothing that a sum could notice: it is a valid model
# that skips its best predictor. Only the list of dependencies shows it.
