"""A sigmoid in place of tanh.

The points are moved by û σ(a), from 0 to û, not from −û to û, and the slope of σ is at most ¼. It is an invertible
map and not the one of the contract: weights trained for one do not fit the other.
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
        along = self.w @ self.u
        u = self.u + (F.softplus(along) - 1 - along) * self.w / (self.w @ self.w)  # û
        h = torch.sigmoid(z @ self.w + self.b)  # (B,)
        return z + h[:, None] * u, torch.log1p((h * (1 - h)) * (self.w @ u))
