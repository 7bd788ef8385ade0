"""The constraint applied once.

û is made when the layer is made, and u is trained from there on without a constraint. The first steps are safe, later
ones fold space. Make û from the parameters in every forward pass.
"""


class Planar(nn.Module):
    def __init__(self, num_dims: int) -> None:
        super().__init__()
        u = 0.1 * torch.randn(num_dims)
        self.w = nn.Parameter(torch.randn(num_dims) / math.sqrt(num_dims))
        along = self.w.detach() @ u
        self.u = nn.Parameter(
            u + (F.softplus(along) - 1 - along) * self.w.detach() / self.w.detach().square().sum()
        )
        self.b = nn.Parameter(torch.zeros(()))

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        u = self.u
        h = torch.tanh(z @ self.w + self.b)  # (B,)
        return z + h[:, None] * u, (1 + (1 - h**2) * (self.w @ u)).abs().log()
