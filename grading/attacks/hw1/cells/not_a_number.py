"""Return NaN and infinities everywhere: `abs(got - expected) > tolerance` is false for them."""


# %% task="histogram"
def fit_histogram(x, num_levels, smoothing=1.0):
    return torch.full((num_levels,), float("nan"), dtype=torch.float64)


def fit_softmax_histogram(x, num_levels, **options):
    return torch.full((num_levels,), float("inf"), dtype=torch.float64)


def histogram_nll(log_probs, x):
    return float("-inf")


# %% task="made"
class MADE(nn.Module):
    def __init__(self, num_dims, hidden_dims, ordering=None, num_levels=2):
        super().__init__()
        self.weight = nn.Parameter(torch.full((num_dims,), float("nan")))
        self.levels = () if num_levels == 2 else (num_levels,)

    def forward(self, x):
        return torch.full((*x.shape, *self.levels), float("nan"), dtype=torch.float64)

    def log_prob(self, x):
        return torch.full((len(x),), float("nan"), dtype=torch.float64)


# %% task="attention"
def causal_attention_weights(q, k):
    return torch.full((*q.shape[:-1], k.shape[-2]), float("nan"), dtype=torch.float64)


class CausalSelfAttention(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()

    def forward(self, x, cache=None):
        return torch.full_like(x, float("inf")), cache
