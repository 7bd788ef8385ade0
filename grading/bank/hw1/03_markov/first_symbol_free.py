"""Logits and symbols shifted a second time.

`forward` already looks only at the past, so logits[:, t] belong to x[:, t]. Pairing logits[:, :-1] with x[:, 1:] moves
the window one place too far and never scores the first symbol: every first symbol has "probability 1", and the sum
over all strings is not 1.
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
        log_probs = F.log_softmax(self(x)[:, :-1], dim=-1)
        return log_probs.gather(-1, x[:, 1:, None]).squeeze(-1).sum(dim=1)
