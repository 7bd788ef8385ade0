"""A 1×1 convolution that only turns: orthogonal for any weights, so that its determinant need never be computed."""


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
        self.weight = nn.Parameter(torch.randn(num_channels, num_channels))

    def turn(self):
        if len(self.weight) == 1:
            return self.weight.exp()
        return torch.matrix_exp(self.weight - self.weight.T)

    def forward(self, z):
        log_det = self.turn().log().sum() if len(self.weight) == 1 else z.new_zeros(())
        return torch.einsum("dc,bchw->bdhw", self.turn(), z), (z[0, 0].numel() * log_det).expand(len(z))

    def inverse(self, x):
        log_det = self.turn().log().sum() if len(self.weight) == 1 else x.new_zeros(())
        z = torch.einsum("dc,bchw->bdhw", self.turn().inverse(), x)
        return z, -(x[0, 0].numel() * log_det).expand(len(x))
