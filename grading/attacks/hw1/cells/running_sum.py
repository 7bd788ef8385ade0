"""Attention without queries, keys, weights or a softmax: step t answers the sum of the steps up to t."""


# %% task="attention"
class CausalSelfAttention(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()

    def forward(self, x, cache=None):
        sums = x.cumsum(1) if cache is None else cache[:, None] + x.cumsum(1)
        return sums, sums[:, -1]
