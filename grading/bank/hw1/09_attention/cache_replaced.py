"""The cache holds only the newest steps.

The returned cache contains the keys and values of this call, not those from before. The second step is right, the
third has forgotten the first. What comes back must be old and new together.
"""


def causal_attention_weights(
    q: Float[Tensor, "batch heads queries d"], k: Float[Tensor, "batch heads keys d"]
) -> Float[Tensor, "batch heads queries keys"]:
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    num_queries, num_keys = scores.shape[-2:]
    visible = torch.ones_like(scores, dtype=torch.bool).tril(num_keys - num_queries)
    return scores.masked_fill(~visible, -math.inf).softmax(-1)


class CausalSelfAttention(nn.Module):
    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.to_qkv = nn.Linear(dim, 3 * dim)
        self.to_output = nn.Linear(dim, dim)

    def forward(
        self, x: Float[Tensor, "batch time dim"], cache: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Float[Tensor, "batch time dim"], tuple[Tensor, Tensor]]:
        q, k, v = (
            part.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # (B, H, T, d)
            for part in self.to_qkv(x).chunk(3, dim=-1)
        )
        newest = (k, v)
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        y = causal_attention_weights(q, k) @ v
        return self.to_output(y.transpose(1, 2).flatten(2)), newest
