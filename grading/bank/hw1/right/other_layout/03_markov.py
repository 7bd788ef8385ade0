"""One embedding per place of the window, straight into the hidden layer; the start symbol comes as a column of its own."""


class MarkovMLP(nn.Module):
    def __init__(self, num_symbols, context, embedding_dim, hidden_dim):
        super().__init__()
        self.out = nn.Linear(hidden_dim, num_symbols, bias=True)
        self.mix = nn.ModuleList(
            nn.Linear(embedding_dim, hidden_dim, bias=place == 0) for place in range(context)
        )
        self.embedding = nn.Parameter(torch.randn(num_symbols + 1, embedding_dim))

    def forward(self, x):
        batch, length = x.shape
        start = torch.full((batch, 1), len(self.embedding) - 1)
        hidden = 0.0
        for back, mix in enumerate(self.mix, start=1):
            shifted = torch.cat([start.expand(-1, min(back, length)), x[:, : max(length - back, 0)]], dim=1)
            hidden = hidden + mix(self.embedding[shifted])
        return self.out(hidden.sigmoid())

    def log_prob(self, x):
        one_hot = F.one_hot(x, self.out.out_features)
        return (self(x).log_softmax(2) * one_hot).sum((1, 2))
