"""A MAF that draws in one pass.

The network reads the noise z when data are made: that is an IAF. The network of a MAF reads the data, of which
there are none yet, so they have to be made dimension by dimension. The inverse no longer undoes the forward map.
"""


class MAF(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        shift, log_scale = self.net(x)
        return (x - shift) * torch.exp(-log_scale), -log_scale.sum(1)

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        shift, log_scale = self.net(z)
        return z * torch.exp(log_scale) + shift, log_scale.sum(1)


class IAF(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        shift, log_scale = self.net(z)
        return z * torch.exp(log_scale) + shift, log_scale.sum(1)

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        z = torch.zeros_like(x)
        for _ in range(x.shape[1]):
            shift, log_scale = self.net(z)
            z = (x - shift) * torch.exp(-log_scale)
        return z, -log_scale.sum(1)


def maf_layers(num_dims: int, num_layers: int, hidden: int) -> list[MAF]:
    natural = torch.arange(num_dims)
    orders = [natural if layer % 2 == 0 else natural.flip(0) for layer in range(num_layers)]
    return [MAF(AutoregressiveNet(order, hidden)) for order in orders]
