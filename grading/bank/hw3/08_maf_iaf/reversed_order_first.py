"""The reverse order comes first.

The layer next to the noise should have the natural order 0, 1, 2, ... Which comes first matters little for what the
flow can do, and much for weights that are loaded from a file.
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
        for _ in range(z.shape[1]):  # after k passes, the first k dimensions of the order are right
            shift, log_scale = self.net(x)
            x = z * torch.exp(log_scale) + shift
        return x, log_scale.sum(1)


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
    orders = [natural if layer % 2 == 1 else natural.flip(0) for layer in range(num_layers)]
    return [MAF(AutoregressiveNet(order, hidden)) for order in orders]
