"""Exponentials that overflow.

tanh is written as a quotient of exponentials. For a beyond some hundreds both are infinite and their quotient is NaN.
One far sample, and the loss of the batch is gone. torch.tanh knows what to do.
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
        a = z @ self.w + self.b
        h = (a.exp() - (-a).exp()) / (a.exp() + (-a).exp())  # (B,)
        return z + h[:, None] * u, torch.log1p((1 - h**2) * (self.w @ u))
