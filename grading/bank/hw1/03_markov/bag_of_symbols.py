"""Embeddings summed instead of laid side by side.

The sum of the embeddings forgets their order: after "ab" and after "ba" the model predicts the same. It is a valid
distribution and depends on the right places, but it knows a bag of symbols instead of a string. Concatenate the d
vectors, so that each place has weights of its own.
"""


class MarkovMLP(nn.Module):
    def __init__(self, num_symbols: int, context: int, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.num_symbols, self.context = num_symbols, context
        self.embedding = nn.Embedding(num_symbols + 1, embedding_dim)
        self.hidden = nn.Linear(embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, num_symbols)

    def forward(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length K"]:
        padded = F.pad(x, (self.context, 0), value=self.num_symbols)
        windows = padded[:, :-1].unfold(1, self.context, 1)
        vectors = self.embedding(windows).sum(dim=2)
        return self.output(torch.tanh(self.hidden(vectors)))

    def log_prob(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch"]:
        log_probs = F.log_softmax(self(x), dim=-1)
        return log_probs.gather(-1, x[..., None]).squeeze(-1).sum(dim=1)
