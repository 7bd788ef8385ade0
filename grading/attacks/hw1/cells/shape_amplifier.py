"""Return tensors whose odd shapes a test's own arithmetic would broadcast or stack to gigabytes."""


# %% task="made"
class MADE(nn.Module):
    def __init__(self, num_dims, *args):
        super().__init__()
        self.num_dims = num_dims

    def named_parameters(self):
        return [(str(i), torch.zeros(2**10)) for i in range(4)]

    def load_state_dict(self, weights, strict=True):
        pass

    def forward(self, x):
        return torch.zeros(len(x), self.num_dims, 2**15 // len(x), dtype=torch.float64)

    def log_prob(self, x):
        return torch.zeros(2**16, 1, 1, dtype=torch.float64)


# %% task="attention"
def causal_attention_weights(q, k):
    return torch.zeros(2**14, 1, 1, 1, 1, 1, dtype=torch.float64)


class CausalSelfAttention(nn.Module):
    def forward(self, x, cache=None):
        return torch.zeros(2**14, 1, 1, 1, dtype=torch.float64), None
