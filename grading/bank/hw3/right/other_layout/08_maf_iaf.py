"""One class that solves; the two flows are the same layer with its ends exchanged."""

import itertools


class Autoregressive(nn.Module):
    """y = u exp(α(y)) + μ(y): `read` takes y, `write` makes it."""

    def __init__(self, conditioner):
        super().__init__()
        self.conditioner = conditioner

    def read(self, y):
        mean, log_std = self.conditioner(y)
        u = (y - mean) * torch.exp(-log_std)
        return u, torch.einsum("bd->b", -log_std)

    def write(self, u):
        y = u.new_full(u.shape, 0.5)
        for _ in u[0]:
            mean, log_std = self.conditioner(y)
            y = mean + u * log_std.exp()
        return y, torch.einsum("bd->b", log_std)


class MAF(Autoregressive):
    def forward(self, z):
        return self.write(z)

    def inverse(self, x):
        return self.read(x)


class Negated(nn.Module):
    """(μ, α) of an IAF as those of a MAF: z = x exp(-α) - μ exp(-α)."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, z):
        mean, log_std = self.network(z)
        return -mean * torch.exp(-log_std), -log_std


class IAF(Autoregressive):
    def __init__(self, net):
        super().__init__(Negated(net))

    def forward(self, z):
        return self.read(z)

    def inverse(self, x):
        return self.write(x)


def maf_layers(num_dims, num_layers, hidden):
    directions = itertools.islice(itertools.cycle([1, -1]), num_layers)
    orders = (list(range(num_dims))[::direction] for direction in directions)
    return [MAF(AutoregressiveNet(torch.as_tensor(order), hidden)) for order in orders]
