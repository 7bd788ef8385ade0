"""A permutation as a matrix, reflections as one dense matrix, and torch's own convolution and LU solver."""


class Permutation(nn.Module):
    def __init__(self, order: Int[Tensor, "dims"]) -> None:
        super().__init__()
        self.register_buffer("table", F.one_hot(order, len(order)).double())

    def forward(self, z: Float[Tensor, "batch dims *pixels"]) -> tuple[Tensor, Float[Tensor, "batch"]]:
        return torch.einsum("ij,bj...->bi...", self.table.to(z), z), torch.zeros_like(z.flatten(1)[:, 0])

    def inverse(self, x: Float[Tensor, "batch dims *pixels"]) -> tuple[Tensor, Float[Tensor, "batch"]]:
        return torch.einsum("ij,bi...->bj...", self.table.to(x), x), torch.zeros_like(x.flatten(1)[:, 0])


class Householder(nn.Module):
    def __init__(self, num_dims: int, num_reflections: int) -> None:
        super().__init__()
        self.v = nn.Parameter(F.normalize(torch.randn(num_dims, num_reflections), dim=0))

    def rotation(self) -> Tensor:
        unit = F.normalize(self.v, dim=0)
        mirrors = torch.eye(len(unit), dtype=unit.dtype) - 2 * torch.einsum("ir,jr->rij", unit, unit)
        return torch.linalg.multi_dot([*mirrors.flip(0), mirrors.new_ones(1).expand(len(unit)).diag()])

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        return z @ self.rotation().T, torch.zeros_like(z[:, 0])

    def inverse(
        self, x: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        return x @ self.rotation(), torch.zeros_like(x[:, 0])


class InvertibleConv1x1(nn.Module):
    def __init__(self, num_channels: int) -> None:
        super().__init__()
        start = nn.init.orthogonal_(torch.empty(num_channels, num_channels))
        p, lower, upper = torch.linalg.lu(start)
        self.register_buffer("p", p)
        self.register_buffer("sign", upper.diagonal().sign())
        self.both = nn.Parameter(lower.tril(-1) + upper.triu(1) + upper.diagonal().abs().log().diag())

    def factors(self) -> tuple[Float[Tensor, "C C"], Float[Tensor, "C C"], Float[Tensor, "C C"]]:
        diagonal = self.both.diagonal().exp() * self.sign
        return (
            self.p,
            self.both.tril(-1) + torch.ones_like(diagonal).diag(),
            self.both.triu(1) + diagonal.diag(),
        )

    def forward(
        self, z: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        weight = torch.linalg.multi_dot(self.factors())
        log_det = self.both.diagonal().sum() * torch.ones_like(z[:, 0]).sum((1, 2))
        return F.conv2d(z, weight[:, :, None, None]), log_det

    def inverse(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        weight = torch.linalg.multi_dot(self.factors())
        z = torch.linalg.solve(weight, x.flatten(2)).view_as(x)
        return z, -self.both.diagonal().sum() * torch.ones_like(x[:, 0]).sum((1, 2))
