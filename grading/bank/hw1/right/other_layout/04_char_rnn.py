"""An LSTM, whose state is a pair; one row of logits for the start is computed like all others; last string drawn first."""


class CharRNN(nn.Module):
    def __init__(self, num_symbols, embedding_dim, hidden_dim):
        super().__init__()
        self.K = num_symbols
        self.net = nn.ModuleDict(
            {
                "out": nn.Linear(hidden_dim, num_symbols, bias=False),
                "rnn": nn.LSTM(embedding_dim, hidden_dim, num_layers=2, batch_first=True),
                "in": nn.Embedding(num_symbols + 1, embedding_dim),
            }
        )

    def initial_state(self, batch):
        shape = (2, batch, self.net["rnn"].hidden_size)
        return torch.zeros(shape).to(self.net["out"].weight), torch.zeros(shape).to(self.net["out"].weight)

    def _read(self, symbols, state):
        out, state = self.net["rnn"](self.net["in"](symbols), state)
        return self.net["out"](out), state

    def step(self, symbol, state):
        logits, state = self._read(symbol.unsqueeze(1), state)
        return logits.squeeze(1), state

    def log_prob(self, x, lengths):
        longest = int(lengths.max())
        x = x[:, :longest]
        logits, _ = self._read(torch.cat([torch.full((len(x), 1), self.K), x], 1), self.initial_state(len(x)))
        chosen = logits[:, :-1].log_softmax(-1).gather(-1, x.unsqueeze(-1)).squeeze(-1)
        return chosen.cumsum(1).gather(1, lengths.unsqueeze(1) - 1).squeeze(1)

    @torch.no_grad()
    def sample(self, num_samples, length, generator):
        symbol, state, columns = torch.full((num_samples,), self.K), self.initial_state(num_samples), []
        while len(columns) < length:
            logits, state = self.step(symbol, state)
            backwards = torch.multinomial(logits.softmax(-1).flip(0), 1, generator=generator)
            symbol = backwards.flip(0).squeeze(1)
            columns.append(symbol)
        return torch.stack(columns, 1)
