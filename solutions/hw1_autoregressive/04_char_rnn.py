# %% [markdown]
# ## Task 4 · A character RNN (8 points)
#
# A window forgets everything older than $d$. A recurrent network carries a summary instead: a state $h_t$,
# updated with each symbol and never cut off,
# $$h_t = f(h_{t-1}, x_{t-1}), \qquad p(x_t \mid x_1, \dots, x_{t-1}) = \mathrm{softmax}(W h_t + b)_{x_t},$$
# with $h_0 = 0$ and $x_0$ the start symbol, index $K$. Note the shift: the state that predicts $x_t$ has
# read $x_{t-1}$ last. So the inputs are the string moved one place to the right, start symbol first, and the
# targets are the string itself.
#
# The same network is used in two ways, and they must agree. **Batched**, for training: all strings at once,
# all positions known. Strings of different lengths share one array; what stands behind the end of a short
# one is padding and belongs to nobody, so its log-probabilities must not enter the sum. **Stepwise**, for
# sampling: one symbol in, one table out, and the drawn symbol is the next input.
#
# Use `nn.GRU` (Cho et al., 2014, arXiv:1406.1078), one layer. Whether you call it on the whole array or one
# step at a time is the difference between the two ways.
#
# **Predict** before you run the figure: reading a sentence character by character, at which characters is a
# trained model most surprised? And if the padding did count, would long or short strings look too unlikely?

# %% task="char-rnn"
class CharRNN(nn.Module):
    """Strings of K symbols; a recurrent state sums up everything that came before."""

    def __init__(self, num_symbols: int, embedding_dim: int, hidden_dim: int) -> None:
        """num_symbols: K ≥ 1.   The embedding has K + 1 rows, the last is the start symbol's."""
        ### BEGIN SOLUTION
        super().__init__()
        self.start = num_symbols
        self.embedding = nn.Embedding(num_symbols + 1, embedding_dim)
        self.rnn = nn.GRU(embedding_dim, hidden_dim, batch_first=True)
        self.output = nn.Linear(hidden_dim, num_symbols)
        ### END SOLUTION

    def initial_state(self, batch: int) -> Tensor:
        """The state before the start symbol is read: zeros, for `batch` strings, in the dtype of the weights.

        Its shape is up to you: it is only ever given back to `step`.
        """
        ### BEGIN SOLUTION
        return self.output.weight.new_zeros(1, batch, self.rnn.hidden_size)
        ### END SOLUTION

    def step(self, symbol: Int[Tensor, "batch"], state: Tensor) -> tuple[Float[Tensor, "batch K"], Tensor]:
        """Read one symbol (0 … K − 1, or K to start): the logits of the next symbol, and the new state."""
        ### BEGIN SOLUTION
        hidden, state = self.rnn(self.embedding(symbol[:, None]), state)
        return self.output(hidden[:, 0]), state
        ### END SOLUTION

    def log_prob(
        self, x: Int[Tensor, "batch length"], lengths: Int[Tensor, "batch"]
    ) -> Float[Tensor, "batch"]:
        """Log-probability in nats of the first lengths[b] ≥ 1 symbols of x[b], summed over them.

        What follows them is padding: any symbols 0 … K − 1, which change nothing.
        """
        ### BEGIN SOLUTION
        inputs = F.pad(x[:, :-1], (1, 0), value=self.start)
        hidden, _ = self.rnn(self.embedding(inputs), self.initial_state(len(x)))
        log_probs = F.log_softmax(self.output(hidden), dim=-1).gather(-1, x[..., None]).squeeze(-1)  # (B, T)
        inside = torch.arange(x.shape[1]) < lengths[:, None]
        return torch.where(inside, log_probs, 0.0).sum(dim=1)
        ### END SOLUTION

    @torch.no_grad()
    def sample(
        self, num_samples: int, length: int, generator: torch.Generator
    ) -> Int[Tensor, "num_samples length"]:
        """Draw strings of `length` ≥ 1 symbols, one symbol after the other; all randomness comes from `generator`."""
        ### BEGIN SOLUTION
        symbol = torch.full((num_samples,), self.start)
        state = self.initial_state(num_samples)
        drawn = []
        for _ in range(length):
            logits, state = self.step(symbol, state)
            symbol = torch.multinomial(logits.softmax(dim=-1), 1, generator=generator).squeeze(-1)
            drawn.append(symbol)
        return torch.stack(drawn, dim=1)
        ### END SOLUTION


# %% check="char-rnn"
check("char-rnn")

# %% figure="char-rnn"
corpus = data.text(length=32)
torch.manual_seed(0)
model = CharRNN(corpus.num_levels, embedding_dim=16, hidden_dim=64)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
for _ in range(100):
    batch = corpus.train[torch.randint(len(corpus.train), (32,))]
    loss = -model.log_prob(batch, torch.full((32,), 32)).mean() / 32
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

sentence = "The value of the expression is the first object."
symbols = corpus.encode(sentence)[None]
with torch.no_grad():  # log p of every prefix; its decrease is the surprise at the last character
    prefixes = model.log_prob(symbols.expand(len(sentence), -1), torch.arange(1, len(sentence) + 1))
surprise = -prefixes.diff(prepend=torch.zeros(1))
figure, axes = plt.subplots(figsize=(10, 2.6), layout="constrained")
axes.bar(
    range(len(sentence)), surprise, color=["C1" if before == " " else "C0" for before in " " + sentence[:-1]]
)
axes.set_xticks(range(len(sentence)), list(sentence.replace(" ", "␣")))
axes.set(
    ylabel="surprise, nats", title=f"after 100 steps, {loss:.2f} nats per character; orange: first in a word"
)
plt.show()
print(*(repr(corpus.decode(s)) for s in model.sample(3, 60, torch.Generator().manual_seed(1))), sep="\n")

# %% [markdown]
# **What breaks if** the state is kept from one call to the next, to save the trouble of resetting it?
# `log_prob` then depends on what was asked before, the same string gets another number each time, and the
# likelihood of your test set depends on the order of its lines. (Carrying the state on purpose through one
# long text, cut into pieces, is a different model: of the text, not of the pieces.) **What breaks if** the
# inputs are not shifted? The loss falls towards zero, and `sample` produces noise: the network learnt to
# repeat what it reads, and while sampling there is nothing to repeat.
