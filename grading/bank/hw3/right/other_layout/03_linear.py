"""`gather` for the permutation, one long vector of weights, W as a linear layer over channels-last pixels."""


class Permutation(nn.Module):
    def __init__(self, order: Int[Tensor, "dims"]) -> None:
        super().__init__()
        self.order = nn.Parameter(order, requires_grad=False)

    def forward(self, z: Float[Tensor, "batch dims *pixels"]) -> tuple[Tensor, Float[Tensor, "batch"]]:
        return z.index_select(1, self.order), z.flatten(1).sum(1) * 0

    def inverse(self, x: Float[Tensor, "batch dims *pixels"]) -> tuple[Tensor, Float[Tensor, "batch"]]:
        return torch.zeros_like(x).index_copy(1, self.order, x), x.flatten(1).sum(1) * 0


class Householder(nn.Module):
    def __init__(self, num_dims: int, num_reflections: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.randn(num_dims * num_reflections))
        self.shape = (num_reflections, 1, num_dims)

    def turn(self, x: Tensor, order: range) -> tuple[Tensor, Tensor]:
        vectors = self.weights.reshape(self.shape)
        for index in order:
            v = vectors[index]  # (1, D)
            x = x - (x * v).sum(1, keepdim=True) / (0.5 * v.norm() ** 2) * v
        return x, torch.zeros(x.shape[0]).type_as(x)

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        return self.turn(z, range(self.shape[0]))

    def inverse(
        self, x: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        return self.turn(x, range(self.shape[0] - 1, -1, -1))


class InvertibleConv1x1(nn.Module):
    def __init__(self, num_channels: int) -> None:
        super().__init__()
        size = num_channels
        u, _, v = torch.linalg.svd(torch.randn(size, size))
        p, lower, upper = torch.linalg.lu(u @ v)
        self.register_buffer("p", p)
        self.register_buffer("negative", upper.diagonal().lt(0))
        self.register_buffer("places", torch.tril_indices(size, size, -1))
        i, j = self.places
        self.weights = nn.Parameter(torch.cat([lower[i, j], upper[j, i], upper.diagonal().abs().log()]))

    def factors(self) -> tuple[Float[Tensor, "C C"], Float[Tensor, "C C"], Float[Tensor, "C C"]]:
        i, j = self.places
        below, above, sizes = self.weights.split([len(i), len(i), len(self.p)])
        zero = torch.zeros(self.p.shape, dtype=self.weights.dtype)
        lower = zero.index_put((i, j), below) + torch.diag(torch.ones_like(sizes))
        return (
            self.p,
            lower,
            zero.index_put((j, i), above) + torch.diag(sizes.exp().where(~self.negative, -sizes.exp())),
        )

    def log_det(self, x: Tensor) -> Tensor:
        upper = self.factors()[2]
        return upper.diagonal().abs().log().sum() * torch.full((len(x),), float(x[0, 0].numel())).to(x)

    def forward(
        self, z: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        p, lower, upper = self.factors()
        return F.linear(z.movedim(1, -1), p @ lower @ upper).movedim(-1, 1), self.log_det(z)

    def inverse(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        p, lower, upper = self.factors()
        undo = torch.linalg.inv(upper) @ torch.linalg.inv(lower) @ p.T
        return F.linear(x.movedim(1, -1), undo).movedim(-1, 1), 0 - self.log_det(x)
