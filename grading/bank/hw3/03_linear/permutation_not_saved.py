"""P and σ are not part of the state.

The permutation and the signs are plain attributes. `state_dict` does not know of them, so a saved layer comes back with
the trained L, U and s and with the P and σ of another random start: another W, and a flow that makes noise. Use
`register_buffer`.
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
        permutation, lower, upper = torch.linalg.lu(rotation)
        self.permutation = permutation
        self.signs = upper.diagonal().sign()
        self.lower = nn.Parameter(lower)
        self.upper = nn.Parameter(upper)
        self.log_scales = nn.Parameter(upper.diagonal().abs().log())

    def factors(self) -> tuple[Float[Tensor, "C C"], Float[Tensor, "C C"], Float[Tensor, "C C"]]:
        lower = self.lower.tril(-1) + torch.eye(len(self.signs)).to(self.lower)
        upper = self.upper.triu(1) + torch.diag(self.signs.to(self.lower) * self.log_scales.exp())
        return self.permutation.to(self.lower), lower, upper

    def forward(
        self, z: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        permutation, lower, upper = self.factors()
        x = torch.einsum("dc,bchw->bdhw", permutation @ lower @ upper, z)
        log_det = z.shape[2] * z.shape[3] * self.log_scales.sum()
        return x, log_det.expand(len(z))

    def inverse(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        permutation, lower, upper = self.factors()
        columns = permutation.T @ x.transpose(0, 1).flatten(1)  # (C, B·H·W)
        columns = torch.linalg.solve_triangular(lower, columns, upper=False)
        columns = torch.linalg.solve_triangular(upper, columns, upper=True)
        z = columns.unflatten(1, (len(x), *x.shape[2:])).transpose(0, 1)
        log_det = -x.shape[2] * x.shape[3] * self.log_scales.sum()
        return z, log_det.expand(len(x))
