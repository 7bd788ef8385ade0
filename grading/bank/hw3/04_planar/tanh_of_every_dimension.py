"""tanh of every dimension.

tanh is applied to w z + b dimension by dimension. That is another map: every dimension is bent by itself and none of
them hears of another. wᵀz is one number for each point, the same in all dimensions.
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
        h = torch.tanh(z * self.w + self.b)
        return z + h * u, (1 + (1 - h**2) * self.w * u).abs().log().sum(1)
