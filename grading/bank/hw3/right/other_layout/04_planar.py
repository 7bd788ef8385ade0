"""Parameters as rows and columns behind their names, tanh from a sigmoid, and a determinant in logarithms."""


class Planar(nn.Module):
    def __init__(self, num_dims: int) -> None:
        super().__init__()
        self.b = nn.Parameter(torch.tensor(0.5))
        self.u = nn.Parameter(torch.linspace(-1, 1, num_dims))
        self.w = nn.Parameter(torch.linspace(1, 2, num_dims))

    def direction(self) -> tuple[Tensor, Tensor]:
        row = self.w.view(1, -1)
        unit = F.normalize(row, dim=1)
        length = torch.linalg.vector_norm(row)
        reach = F.softplus((row * self.u).sum(), threshold=50.0) - 1
        shadow = (unit * self.u).sum()
        return self.u.view(1, -1) + (reach / length - shadow) * unit, reach

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        u, reach = self.direction()
        a = F.linear(z, self.w.view(1, -1), self.b.view(1))  # (B, 1)
        log_slope = 2 * math.log(2) - 2 * a.abs() - 2 * F.softplus(-2 * a.abs(), threshold=100.0)
        stretch = 1 + log_slope.exp() * reach
        return z + (2 * torch.sigmoid(2 * a) - 1) * u, stretch.log().squeeze(1)
