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
        strings = []
        for _ in range(num_samples):
            symbol, state, string = torch.tensor([self.num_symbols]), self.initial_state(1), []
            for _ in range(length):
                logits, state = self.step(symbol, state)
                uniform = torch.rand((), generator=generator, dtype=logits.dtype)
                below = (logits.detach()[0].softmax(0).cumsum(0) < uniform).sum()
                symbol = below.clamp(max=self.num_symbols - 1)[None]
                string.append(symbol)
            strings.append(torch.cat(string))
        return torch.stack(strings)
