"""A GRU cell and nothing but steps: the batch is a walk too, and each string leaves the sum at its end."""


class CharRNN(nn.Module):
    def __init__(self, num_symbols, embedding_dim, hidden_dim):
        super().__init__()
        self.num_symbols, self.hidden_dim = num_symbols, hidden_dim
        self.table = nn.Embedding(num_symbols + 1, embedding_dim)
        self.cell = nn.GRUCell(embedding_dim, hidden_dim)
        self.head = nn.Linear(hidden_dim, num_symbols)

    def initial_state(self, batch):
        return torch.zeros(batch, self.hidden_dim, dtype=self.head.weight.dtype)

    def step(self, symbol, state):
        state = self.cell(self.table(symbol), state)
        return self.head(state), state

    def log_prob(self, x, lengths):
        symbol, state = torch.full((len(x),), self.num_symbols), self.initial_state(len(x))
        total = 0
        for t in range(x.shape[1]):
            logits, state = self.step(symbol, state)
            symbol = x[:, t]
            total = total - F.cross_entropy(logits, symbol, reduction="none") * (t < lengths)
        return total

    def sample(self, num_samples, length, generator):
        symbol, state, columns = (
            torch.full((num_samples,), self.num_symbols),
            self.initial_state(num_samples),
            [],
        )
        for _ in range(length):
            logits, state = self.step(symbol, state)
            uniform = torch.rand(num_samples, generator=generator, dtype=logits.dtype)
            symbol, below = torch.zeros(num_samples, dtype=torch.int64), 0.0
            for k in range(self.num_symbols - 1):
                below = below + logits.detach().softmax(dim=1)[:, k]
                symbol = symbol + (uniform >= below)
            columns.append(symbol)
        return torch.stack(columns, dim=1)
