"""w not divided by its squared length.

The correction is added along w, not along w/|w|². Then wᵀû is not m(wᵀu) but off by the factor |w|²: with a short w
the constraint is too weak and space folds, with a long one it overshoots.
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
        u = self.u + (F.softplus(along) - 1 - along) * self.w  # û
        h = torch.tanh(z @ self.w + self.b)  # (B,)
        return z + h[:, None] * u, (1 + (1 - h**2) * (self.w @ u)).abs().log()
