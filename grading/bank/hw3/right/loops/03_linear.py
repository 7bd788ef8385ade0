"""Dimension by dimension, reflection matrices multiplied one by one, pixels one by one, substitution by hand."""


class Permutation(nn.Module):
    def __init__(self, order: Int[Tensor, "dims"]) -> None:
        super().__init__()
        self.order = [int(i) for i in order]

    def forward(self, z: Float[Tensor, "batch dims *pixels"]) -> tuple[Tensor, Float[Tensor, "batch"]]:
        return torch.stack([z[:, source] for source in self.order], dim=1), torch.zeros(len(z), dtype=z.dtype)

    def inverse(self, x: Float[Tensor, "batch dims *pixels"]) -> tuple[Tensor, Float[Tensor, "batch"]]:
        z = torch.empty_like(x)
        for place, source in enumerate(self.order):
            z[:, source] = x[:, place]
        return z, torch.zeros(len(x), dtype=x.dtype)


class Householder(nn.Module):
    def __init__(self, num_dims: int, num_reflections: int) -> None:
        super().__init__()
        self.normals = nn.ParameterList(
            nn.Parameter(torch.rand(num_dims) + 0.1) for _ in range(num_reflections)
        )

    def matrix(self) -> Tensor:
        product = None
        for v in self.normals:
            mirror = torch.eye(len(v), dtype=v.dtype) - 2 * torch.outer(v, v) / v.square().sum()
            product = mirror if product is None else mirror @ product
        return product

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        matrix = self.matrix()
        return torch.stack([matrix @ row for row in z]), torch.zeros(len(z), dtype=z.dtype)

    def inverse(
        self, x: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        matrix = self.matrix()
        return torch.stack([row @ matrix for row in x]), torch.zeros(len(x), dtype=x.dtype)


class InvertibleConv1x1(nn.Module):
    def __init__(self, num_channels: int) -> None:
        super().__init__()
        rotation = torch.linalg.qr(torch.randn(num_channels, num_channels, dtype=torch.float64))[0].float()
        p, lower, upper = torch.linalg.lu(rotation)
        self.register_buffer("rows", p.argmax(0))  # row c of L U becomes row rows[c] of W
        self.register_buffer("negative", upper.diagonal() < 0)
        self.below = nn.ParameterList(nn.Parameter(lower[c, :c].clone()) for c in range(num_channels))
        self.right = nn.ParameterList(nn.Parameter(upper[c, c + 1 :].clone()) for c in range(num_channels))
        self.sizes = nn.Parameter(upper.diagonal().abs().log())

    def factors(self) -> tuple[Float[Tensor, "C C"], Float[Tensor, "C C"], Float[Tensor, "C C"]]:
        count = len(self.sizes)
        p, lower, upper = (torch.zeros(count, count, dtype=self.sizes.dtype) for _ in range(3))
        for c in range(count):
            p[self.rows[c], c] = lower[c, c] = 1.0
            lower[c, :c] = self.below[c]
            upper[c, c] = -self.sizes[c].exp() if self.negative[c] else self.sizes[c].exp()
            upper[c, c + 1 :] = self.right[c]
        return p, lower, upper

    def forward(
        self, z: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        p, lower, upper = self.factors()
        x, total = torch.empty_like(z), 0.0
        for i in range(z.shape[2]):
            for j in range(z.shape[3]):
                x[:, :, i, j] = z[:, :, i, j] @ upper.T @ lower.T @ p.T
                total = total + self.sizes.sum()
        return x, total.repeat(len(z))

    def inverse(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> tuple[Tensor, Float[Tensor, "batch"]]:
        _, lower, upper = self.factors()
        count, total = len(self.sizes), 0.0
        middle = [x[:, self.rows[c]] for c in range(count)]
        for c in range(count):
            for k in range(c):
                middle[c] = middle[c] - lower[c, k] * middle[k]
        for c in reversed(range(count)):
            for k in range(c + 1, count):
                middle[c] = middle[c] - upper[c, k] * middle[k]
            middle[c] = middle[c] / upper[c, c]
            total = total - x[0, 0].numel() * upper[c, c].abs().log()
        return torch.stack(middle, dim=1), total.repeat(len(x))
