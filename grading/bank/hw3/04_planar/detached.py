"""û is made without a gradient.

The constraint is computed under `torch.no_grad`, as a correction that is none of the network's business. Points move
as they should, but nothing of the loss ever reaches u, and w hears only a part of it: u stays as it started.
"""


class Planar(nn.Module):
    def __init__(self, num_dims: int) -> None:
        super().__init__()
        self.u = nn.Parameter(0.1 * torch.randn(num_dims))
        self.w = nn.Parameter(torch.randn(num_dims) / math.sqrt(num_dims))
        self.b = nn.Parameter(torch.zeros(()))

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        with torch.no_grad():
            along = self.w @ self.u
            u = self.u + (F.softplus(along) - 1 - along) * self.w / (self.w @ self.w)  # û
        h = torch.tanh(z @ self.w + self.b)  # (B,)
        return z + h[:, None] * u, torch.log1p((1 - h**2) * (self.w @ u))
