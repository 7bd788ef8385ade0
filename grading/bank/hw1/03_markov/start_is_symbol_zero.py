"""Start symbol shared with symbol 0.

The places before the string are padded with 0, which is a symbol of the data. The model cannot tell the beginning from
a run of zeros, so that strings that begin differently from how they go on after zeros are predicted badly. Pad with
index K, which has an embedding row of its own.
"""


class MarkovMLP(nn.Module):
    def __init__(self, num_symbols: int, context: int, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.num_symbols, self.context = num_symbols, context
        self.embedding = nn.Embedding(num_symbols, embedding_dim)
        self.hidden = nn.Linear(context * embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, num_symbols)

    def forward(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length K"]:
        padded = F.pad(x, (self.context, 0), value=0)
        windows = padded[:, :-1].unfold(1, self.context, 1)
        vectors = self.embedding(windows).flatten(start_dim=2)
        return self.output(torch.tanh(self.hidden(vectors)))

    def log_prob(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch"]:
        log_probs = F.log_softmax(self(x), dim=-1)
        return log_probs.gather(-1, x[..., None]).squeeze(-1).sum(dim=1)
