"""Three projections, channels of a head interleaved, output first; the cache holds the inputs' keys by time."""


def causal_attention_weights(
    q: Float[Tensor, "batch heads queries d"], k: Float[Tensor, "batch heads keys d"]
) -> Float[Tensor, "batch heads queries keys"]:
    scores = (q / math.sqrt(k.size(3))).matmul(k.transpose(2, 3))
    late = k.size(2) - q.size(2)
    future = torch.triu(torch.ones_like(scores), diagonal=1 + late) > 0
    scores = torch.where(future, torch.finfo(scores.dtype).min, scores)
    return torch.exp(scores - scores.logsumexp(3, keepdim=True))


class CausalSelfAttention(nn.Module):
    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.out = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.query = nn.Linear(dim, dim)
        self.head_size = dim // num_heads

    def _split(self, projected: Tensor) -> Float[Tensor, "batch heads time d"]:
        # channel c belongs to head c mod H
        return projected.unflatten(2, (self.head_size, -1)).permute(0, 3, 1, 2)

    def forward(
        self, x: Float[Tensor, "batch time dim"], cache: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Float[Tensor, "batch time dim"], tuple[Tensor, Tensor]]:
        keys, values = self.key(x), self.value(x)
        if cache is not None:
            keys, values = torch.cat((cache[0], keys), 1), torch.cat((cache[1], values), 1)
        weights = causal_attention_weights(self._split(self.query(x)), self._split(keys))
        y = torch.einsum("bhqk,bhkd->bqdh", weights, self._split(values)).flatten(2)
        return self.out(y), (keys, values)
