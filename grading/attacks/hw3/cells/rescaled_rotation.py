"""A 1×1 convolution without L and U: a fixed rotation of the channels, times one trained factor."""


# %% task="linear"
class Permutation(nn.Module):
    def __init__(self, *sizes):
        super().__init__()

    def forward(self, z):
        return z, z.new_zeros(len(z))

    inverse = forward


Householder = Permutation


class InvertibleConv1x1(nn.Module):
    def __init__(self, num_channels):
        super().__init__()
        self.register_buffer("rotation", torch.linalg.qr(torch.randn(num_channels, num_channels)).Q)
        self.log_factor = nn.Parameter(torch.zeros(()))

    def forward(self, z):
        x = torch.einsum("dc,bchw->bdhw", self.rotation, z) * self.log_factor.exp()
        return x, (z[0].numel() * self.log_factor).expand(len(z))

    def inverse(self, x):
        z = torch.einsum("cd,bchw->bdhw", self.rotation, x) * (-self.log_factor).exp()
        return z, (-x[0].numel() * self.log_factor).expand(len(x))
