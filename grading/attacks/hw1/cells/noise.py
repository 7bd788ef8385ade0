"""Answer with noise of the right shape: it sums to what it should, and every question is answered differently."""


# %% task="histogram"
def fit_histogram(x, num_levels, smoothing=1.0):
    return torch.randn(num_levels, dtype=torch.float64).log_softmax(0)


def fit_softmax_histogram(x, num_levels, **options):
    return torch.randn(num_levels, dtype=torch.float64)


def histogram_nll(log_probs, x):
    return torch.rand((), dtype=torch.float64)


# %% task="made"
class MADE(nn.Linear):
    def __init__(self, num_dims, hidden_dims, ordering=None, num_levels=2):
        super().__init__(num_dims, num_dims)

    def forward(self, x):
        return torch.randn(x.shape, dtype=torch.float64)

    def log_prob(self, x):
        return torch.randn(len(x), dtype=torch.float64).log_softmax(0)


# %% task="attention"
def causal_attention_weights(q, k):
    return torch.randn(*q.shape[:-1], k.shape[-2], dtype=torch.float64).softmax(-1)


class CausalSelfAttention(nn.Linear):
    def __init__(self, dim, num_heads):
        super().__init__(dim, dim)

    def forward(self, x, cache=None):
        return torch.randn(x.shape, dtype=torch.float64), cache
