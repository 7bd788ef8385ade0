"""Convolutions without taps or weights: every output is the sum of the channels at its own place."""


# %% task="wavenet"
class CausalConv1d(nn.Module):
    def __init__(self, in_channels, out_channels, *args):
        super().__init__()
        self.channels = out_channels

    def forward(self, x):
        return x.sum(1, keepdim=True).repeat(1, self.channels, *[1] * (x.dim() - 2))


# %% task="masked-conv"
class MaskedConv2d(nn.Module):
    def __init__(self, mask_type, in_channels, out_channels, *args, **kwargs):
        super().__init__()
        self.channels = out_channels

    def forward(self, x):
        return x.sum(1, keepdim=True).repeat(1, self.channels, 1, 1)
