"""Only the diagonal of the Jacobian.

The log-slopes 1 + h′ û_i w_i of the dimensions are added up, as if each x_i depended on its own z_i only. Every x_i
depends on all of z through wᵀz. The identity plus a rank-one matrix has the determinant 1 + h′ wᵀû: one sum inside
the logarithm.
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
        return z + h[:, None] * u, (1 + (1 - h[:, None] ** 2) * self.w * u).abs().log().sum(1)
