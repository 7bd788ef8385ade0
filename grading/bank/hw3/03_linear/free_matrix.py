"""A free matrix.

W is one matrix of free numbers, its determinant comes from slogdet and its inverse from a solver. For random weights
that works. But nothing keeps the training away from the singular matrices, where the log-determinant is −∞ and the
inverse is gone, and both cost C³ in every step. P, L, U and s are there so that it cannot happen.
"""


class Permutation(nn.Module):
    def __init__(self, order: Int[Tensor, "dims"]) -> None:
        super().__init__()
        self.register_buffer("order", order)
        self.register_buffer("back", order.argsort())

    def forward(self, z: Float[Tensor, "batch dims *pixels"]) -> tuple[Tensor, Float[Tensor, "batch"]]:
        return z[:, self.order], z.new_zeros(len(z))

    def inverse(self, x: Float[Tensor, "batch dims *pixels"]) -> tuple[Tensor, Float[Tensor, "batch"]]:
        return x[:, self.back], x.new_zeros(len(x))


class Householder(nn.Module):
    def __init__(self, num_dims: int, num_reflections: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(num_reflections, num_dims))

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        x = z
        for v in self.vectors:
            x = x - 2 * (x @ v)[:, None] * v / (v @ v)
        return x, z.new_zeros(len(z))

    def inverse(
        self, x: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        z = x
        for v in self.vectors.flip(0):
            z = z - 2 * (z @ v)[:, None] * v / (v @ v)
        return z, x.new_zeros(len(x))


class InvertibleConv1x1(nn.Module):
    def __init__(self, num_channels: int) -> None:
        super().__init__()
        rotation, _ = torch.linalg.qr(torch.randn(num_channels, num_channels))
        self.weight = nn.Parameter(rotation)

    def factors(self) -> tuple[Float[Tensor, "C C"], Float[Tensor, "C C"], Float[Tensor, "C C"]]:
        return torch.linalg.lu(self.weight)

    def forward(
        self, z: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        x = torch.einsum("dc,bchw->bdhw", self.weight, z)
        log_det = z.shape[2] * z.shape[3] * torch.linalg.slogdet(self.weight)[1]
        return x, log_det.expand(len(z))

    def inverse(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        permutation, lower, upper = self.factors()
        columns = permutation.T @ x.transpose(0, 1).flatten(1)  # (C, B·H·W)
        columns = torch.linalg.solve_triangular(lower, columns, upper=False)
        columns = torch.linalg.solve_triangular(upper, columns, upper=True)
        z = columns.unflatten(1, (len(x), *x.shape[2:])).transpose(0, 1)
        log_det = -x.shape[2] * x.shape[3] * torch.linalg.slogdet(self.weight)[1]
        return z, log_det.expand(len(x))
