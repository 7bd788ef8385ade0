"""New keys put in front of the old ones.

One step at a time this makes no difference: attention does not mind the order of what it may see in full. As soon as two
steps come at once the mask, which counts columns, hides the wrong ones. New keys go behind the old ones.
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
        if cache is not None:
            k, v = torch.cat([k, cache[0]], dim=2), torch.cat([v, cache[1]], dim=2)
        y = causal_attention_weights(q, k) @ v
        return self.to_output(y.transpose(1, 2).flatten(2)), (k, v)
