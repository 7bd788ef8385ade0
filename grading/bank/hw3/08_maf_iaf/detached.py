"""The scale is detached.

exp(α) is computed from an α without a graph, while log_det has one. Values and determinants are right, but the
gradient of α lacks what the scale does to the points: the network is only told to make the determinant large.
"""


class MAF(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        shift, log_scale = self.net(x)
        return (x - shift) * torch.exp(-log_scale.detach()), -log_scale.sum(1)

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        x = torch.zeros_like(z)
        for _ in range(z.shape[1]):  # after k passes, the first k dimensions of the order are right
            shift, log_scale = self.net(x)
            x = z * torch.exp(log_scale.detach()) + shift
        return x, log_scale.sum(1)


class IAF(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        shift, log_scale = self.net(z)
        return z * torch.exp(log_scale.detach()) + shift, log_scale.sum(1)

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        z = torch.zeros_like(x)
        for _ in range(x.shape[1]):
            shift, log_scale = self.net(z)
            z = (x - shift) * torch.exp(-log_scale.detach())
        return z, -log_scale.sum(1)


def maf_layers(num_dims: int, num_layers: int, hidden: int) -> list[MAF]:
    natural = torch.arange(num_dims)
    orders = [natural if layer % 2 == 0 else natural.flip(0) for layer in range(num_layers)]
    return [MAF(AutoregressiveNet(order, hidden)) for order in orders]
