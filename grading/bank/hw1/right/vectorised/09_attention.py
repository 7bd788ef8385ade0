"""Einsums, an additive mask made from positions, and PyTorch's fused attention in the module."""


def causal_attention_weights(
    q: Float[Tensor, "batch heads queries d"], k: Float[Tensor, "batch heads keys d"]
) -> Float[Tensor, "batch heads queries keys"]:
    return (
        torch.einsum("bhqd,bhkd->bhqk", q * q.shape[-1] ** -0.5, k) + _bias(q.shape[2], k.shape[2], q)
    ).softmax(3)


def _bias(num_queries: int, num_keys: int, like: Tensor) -> Float[Tensor, "queries keys"]:
    behind = torch.arange(num_keys) > torch.arange(num_keys - num_queries, num_keys)[:, None]
    return torch.zeros(num_queries, num_keys, dtype=like.dtype).masked_fill(behind, float("-inf"))


class CausalSelfAttention(nn.Module):
    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.mix = nn.Linear(dim, dim)
        self.heads = num_heads

    def forward(
        self, x: Float[Tensor, "batch time dim"], cache: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Float[Tensor, "batch time dim"], tuple[Tensor, Tensor]]:
        q, k, v = self.qkv(x).view(*x.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = (torch.cat(pair, dim=2) for pair in zip(cache, (k, v), strict=True))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=_bias(q.shape[2], k.shape[2], q))
        return self.mix(torch.einsum("bhtd->bthd", y).reshape(x.shape)), (k, v)
