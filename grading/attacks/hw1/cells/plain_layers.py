"""Ordinary layers under the names of masked ones, and a network that never heard of an order."""


# %% task="made"
class MaskedLinear(nn.Linear):
    def __init__(self, mask):
        super().__init__(mask.shape[1], mask.shape[0])


class MADE(nn.Linear):
    def __init__(self, num_dims, hidden_dims, ordering=None, num_levels=1):
        super().__init__(num_dims, num_dims)

    def forward(self, x):
        return super().forward(x.to(self.weight.dtype))

    def log_prob(self, x):
        return -F.binary_cross_entropy_with_logits(self(x), x.to(self.weight.dtype), reduction="none").sum(1)


# %% task="wavenet"
class CausalConv1d(nn.Conv1d):
    def __init__(self, in_channels, out_channels, kernel_size, dilation=1):
        super().__init__(in_channels, out_channels, 1)


# %% task="masked-conv"
class MaskedConv2d(nn.Conv2d):
    def __init__(self, mask_type, in_channels, out_channels, kernel_size, num_groups=1):
        super().__init__(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
