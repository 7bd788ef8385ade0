"""Window off by one: it misses the symbol just before.

The window of position t is x[t−d−1] … x[t−2]. The model is a valid distribution, every sum is 1, and yet it skips the
best predictor there is. Sums cannot show it; the list of dependencies does. The window must end with x[t−1].
"""


class MarkovMLP(nn.Module):
    def __init__(self, num_symbols: int, context: int, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.num_symbols, self.context = num_symbols, context
        self.embedding = nn.Embedding(num_symbols + 1, embedding_dim)
        self.hidden = nn.Linear(context * embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, num_symbols)

    def forward(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length K"]:
        padded = F.pad(x, (self.context + 1, 0), value=self.num_symbols)
        windows = padded[:, :-2].unfold(1, self.context, 1)
        vectors = self.embedding(windows).flatten(start_dim=2)
        return self.output(torch.tanh(self.hidden(vectors)))

    def log_prob(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch"]:
        log_probs = F.log_softmax(self(x), dim=-1)
        return log_probs.gather(-1, x[..., None]).squeeze(-1).sum(dim=1)
