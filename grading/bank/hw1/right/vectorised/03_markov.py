"""The hidden layer as a convolution over time: each place of the window has a slice of the kernel."""


class MarkovMLP(nn.Module):
    def __init__(self, num_symbols, context, embedding_dim, hidden_dim):
        super().__init__()
        self.start, self.context = num_symbols, context
        self.embed = nn.Embedding(num_symbols + 1, embedding_dim)
        self.window = nn.Conv1d(embedding_dim, hidden_dim, kernel_size=context)
        self.head = nn.Conv1d(hidden_dim, num_symbols, kernel_size=1)

    def forward(self, x):
        past = F.pad(x[:, :-1], (self.context, 0), value=self.start)
        return self.head(F.gelu(self.window(self.embed(past).transpose(1, 2)))).transpose(1, 2)

    def log_prob(self, x):
        return -F.cross_entropy(self(x).transpose(1, 2), x, reduction="none").sum(-1)
