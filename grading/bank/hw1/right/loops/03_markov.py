"""One position at a time: look the window up, symbol by symbol."""


class MarkovMLP(nn.Module):
    def __init__(self, num_symbols, context, embedding_dim, hidden_dim):
        super().__init__()
        self.start = num_symbols
        self.context = context
        self.table = nn.Embedding(num_symbols + 1, embedding_dim)
        self.mlp = nn.Sequential(
            nn.Linear(context * embedding_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, num_symbols)
        )

    def forward(self, x):
        logits = []
        for t in range(x.shape[1]):
            window = []
            for place in range(t - self.context, t):
                symbol = x[:, place] if place >= 0 else torch.full_like(x[:, 0], self.start)
                window.append(self.table(symbol))
            logits.append(self.mlp(torch.cat(window, dim=1)))
        return torch.stack(logits, dim=1)

    def log_prob(self, x):
        logits = self(x)
        total = torch.zeros(len(x), dtype=logits.dtype)
        for t in range(x.shape[1]):
            total = total - F.cross_entropy(logits[:, t], x[:, t], reduction="none")
        return total
