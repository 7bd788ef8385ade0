"""Windows scrambled by a reshape.

The d shifted copies are stacked in front, (d, B, T, E), and then reshaped to (B, T, d·E). A reshape does not move
dimensions: it cuts memory into new pieces, so that the window of one position holds symbols of other positions and
even of other strings. Bring d next to E first (`permute`, or stack with `dim=2`), then flatten the two.
"""


class MarkovMLP(nn.Module):
    def __init__(self, num_symbols: int, context: int, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.num_symbols, self.context = num_symbols, context
        self.embedding = nn.Embedding(num_symbols + 1, embedding_dim)
        self.hidden = nn.Linear(context * embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, num_symbols)

    def forward(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length K"]:
        batch, length = x.shape
        padded = F.pad(x, (self.context, 0), value=self.num_symbols)
        shifted = torch.stack([padded[:, i : i + length] for i in range(self.context)])
        vectors = self.embedding(shifted).reshape(batch, length, -1)
        return self.output(torch.tanh(self.hidden(vectors)))

    def log_prob(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch"]:
        log_probs = F.log_softmax(self(x), dim=-1)
        return log_probs.gather(-1, x[..., None]).squeeze(-1).sum(dim=1)
