"""1/√d is missing.

For entries of size 1 the product q·k has a variance of d. Unscaled, the softmax of a wide head is nearly an argmax: one
weight close to 1, the rest and the gradient close to 0. Divide the scores by sqrt(d).
"""


def causal_attention_weights(
    q: Float[Tensor, "batch heads queries d"], k: Float[Tensor, "batch heads keys d"]
) -> Float[Tensor, "batch heads queries keys"]:
    scores = q @ k.mT
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
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        y = causal_attention_weights(q, k) @ v
        return self.to_output(y.transpose(1, 2).flatten(2)), (k, v)
