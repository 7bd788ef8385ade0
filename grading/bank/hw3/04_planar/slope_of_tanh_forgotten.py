"""The slope of tanh forgotten.

The determinant is log |1 + wᵀû|, as if tanh had slope 1 everywhere. It has only at a = 0; far from the plane all
points are moved alike and nothing is stretched. Multiply by h′(a) = 1 − tanh²(a).
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
        h = torch.tanh(z @ self.w + self.b)  # (B,)
        return z + h[:, None] * u, torch.log1p((self.w @ u).expand(len(z)))
