"""A mean over the positions in place of the sum.

The log-probability of a string is the sum of the log-conditionals. Their mean is the logarithm of a geometric mean, and
its exponentials do not sum to 1 over the strings. Sum in `log_prob`; divide by the length only when you report nats
per symbol.
"""


class MarkovMLP(nn.Module):
    def __init__(self, num_symbols: int, context: int, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.num_symbols, self.context = num_symbols, context
        self.embedding = nn.Embedding(num_symbols + 1, embedding_dim)
        self.hidden = nn.Linear(context * embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, num_symbols)

    def forward(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length K"]:
        padded = F.pad(x, (self.context, 0), value=self.num_symbols)
        windows = padded[:, :-1].unfold(1, self.context, 1)
        vectors = self.embedding(windows).flatten(start_dim=2)
        return self.output(torch.tanh(self.hidden(vectors)))

    def log_prob(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch"]:
        log_probs = F.log_softmax(self(x), dim=-1)
        return log_probs.gather(-1, x[..., None]).squeeze(-1).mean(dim=1)
