"""Query by query, head by head; one linear layer for each head and role."""


def causal_attention_weights(
    q: Float[Tensor, "batch heads queries d"], k: Float[Tensor, "batch heads keys d"]
) -> Float[Tensor, "batch heads queries keys"]:
    batch, heads, num_queries, d = q.shape
    num_keys = k.shape[2]
    weights = torch.zeros(batch, heads, num_queries, num_keys, dtype=q.dtype)
    for b in range(batch):
        for h in range(heads):
            for i in range(num_queries):
                end = num_keys - num_queries + i + 1
                scores = torch.stack([(q[b, h, i] * k[b, h, s]).sum() / d**0.5 for s in range(end)])
                exponentials = torch.exp(scores - scores.max())
                weights[b, h, i, :end] = exponentials / exponentials.sum()
    return weights


class CausalSelfAttention(nn.Module):
    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        d = dim // num_heads
        self.queries = nn.ModuleList([nn.Linear(dim, d) for _ in range(num_heads)])
        self.keys = nn.ModuleList([nn.Linear(dim, d) for _ in range(num_heads)])
        self.values = nn.ModuleList([nn.Linear(dim, d) for _ in range(num_heads)])
        self.out = nn.Linear(dim, dim)

    def forward(
        self, x: Float[Tensor, "batch time dim"], cache: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Float[Tensor, "batch time dim"], tuple[Tensor, Tensor]]:
        all_keys, all_values, found = [], [], []
        for head in range(len(self.queries)):
            q, k, v = self.queries[head](x), self.keys[head](x), self.values[head](x)
            if cache is not None:
                k = torch.cat([cache[0][:, head], k], dim=1)
                v = torch.cat([cache[1][:, head], v], dim=1)
            weights = causal_attention_weights(q[:, None], k[:, None])[:, 0]
            outputs = []
            for i in range(x.shape[1]):
                outputs.append((weights[:, i, :, None] * v).sum(dim=1))
            found.append(torch.stack(outputs, dim=1))
            all_keys.append(k)
            all_values.append(v)
        y = self.out(torch.cat(found, dim=2))
        return y, (torch.stack(all_keys, dim=1), torch.stack(all_values, dim=1))
