"""No constraint on u.

u is used as it is. As soon as wᵀu falls below −1 the map folds space over itself: three z go to one x, and only one
of them is counted in the density. The logarithm of the absolute value is finite on both sides of the fold, so no
error is raised. Use û, whose component along w stays above −1.
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
        u = self.u
        h = torch.tanh(z @ self.w + self.b)  # (B,)
        return z + h[:, None] * u, (1 + (1 - h**2) * (self.w @ u)).abs().log()
