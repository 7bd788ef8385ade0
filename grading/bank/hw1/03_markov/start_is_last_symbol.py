"""Start symbol shared with the last symbol.

The places before the string are padded with K − 1, the last symbol of the data, perhaps because index K was out of
range. Then the embedding is one row too small: it needs K + 1 rows, and the start symbol is the row with index K.
"""


class MarkovMLP(nn.Module):
    def __init__(self, num_symbols: int, context: int, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.num_symbols, self.context = num_symbols, context
        self.embedding = nn.Embedding(num_symbols, embedding_dim)
        self.hidden = nn.Linear(context * embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, num_symbols)

    def forward(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length K"]:
        padded = F.pad(x, (self.context, 0), value=self.num_symbols - 1)
        windows = padded[:, :-1].unfold(1, self.context, 1)
        vectors = self.embedding(windows).flatten(start_dim=2)
        return self.output(torch.tanh(self.hidden(vectors)))

    def log_prob(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch"]:
        log_probs = F.log_softmax(self(x), dim=-1)
        return log_probs.gather(-1, x[..., None]).squeeze(-1).sum(dim=1)
