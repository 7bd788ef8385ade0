"""Attention with weights but without a query: linear layers around a running mean, and around a running sum."""


# %% task="attention"
class CausalSelfAttention(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.before, self.after = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, x, cache=None):
        total, count = (0.0, 0) if cache is None else (cache[:, :-1], int(cache[0, -1]))
        sums = self.before(x).cumsum(1) + (0.0 if cache is None else total[:, None])
        steps = torch.arange(count + 1, count + x.shape[1] + 1, dtype=x.dtype)
        cache = torch.cat([sums[:, -1], torch.full((len(x), 1), count + x.shape[1]).to(x.dtype)], 1)
        return self.after(sums / steps[:, None]), cache


def causal_attention_weights(q, k):
    """Weights that read the queries and nothing else."""
    return (q.sum(-1, keepdim=True) * torch.arange(k.shape[2]).to(q.dtype)).softmax(-1)
