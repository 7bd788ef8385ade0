"""Inputs not shifted.

The network reads x[t] and predicts x[t]. It only has to copy, the loss falls to zero, and the "likelihood" is
worthless: the probabilities of all strings no longer sum to 1, and while sampling there is nothing to copy. The inputs
are the string moved one place to the right, with the start symbol first.
"""


class CharRNN(nn.Module):
    def __init__(self, num_symbols: int, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.start = num_symbols
        self.embedding = nn.Embedding(num_symbols + 1, embedding_dim)
        self.rnn = nn.GRU(embedding_dim, hidden_dim, batch_first=True)
        self.output = nn.Linear(hidden_dim, num_symbols)

    def initial_state(self, batch: int) -> Tensor:
        return self.output.weight.new_zeros(1, batch, self.rnn.hidden_size)

    def step(self, symbol: Int[Tensor, "batch"], state: Tensor) -> tuple[Float[Tensor, "batch K"], Tensor]:
        hidden, state = self.rnn(self.embedding(symbol[:, None]), state)
        return self.output(hidden[:, 0]), state

    def log_prob(
        self, x: Int[Tensor, "batch length"], lengths: Int[Tensor, "batch"]
    ) -> Float[Tensor, "batch"]:
        inputs = x
        hidden, _ = self.rnn(self.embedding(inputs), self.initial_state(len(x)))
        log_probs = F.log_softmax(self.output(hidden), dim=-1).gather(-1, x[..., None]).squeeze(-1)  # (B, T)
        inside = torch.arange(x.shape[1]) < lengths[:, None]
        return torch.where(inside, log_probs, 0.0).sum(dim=1)

    @torch.no_grad()
    def sample(
        self, num_samples: int, length: int, generator: torch.Generator
    ) -> Int[Tensor, "num_samples length"]:
        symbol = torch.full((num_samples,), self.start)
        state = self.initial_state(num_samples)
        drawn = []
        for _ in range(length):
            logits, state = self.step(symbol, state)
            symbol = torch.multinomial(logits.softmax(dim=-1), 1, generator=generator).squeeze(-1)
            drawn.append(symbol)
        return torch.stack(drawn, dim=1)
