"""Start symbol shared with symbol 0.

In the batch the string is preceded by symbol 0, while stepping begins with K as it should. The two ways of using the
network then describe two different distributions, and the batch cannot tell a beginning from a zero. Put index K in
front.
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
        inputs = F.pad(x[:, :-1], (1, 0), value=0)
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
