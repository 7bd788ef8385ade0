"""Dimension by dimension, with sums written out and û split into its parts along w and across."""


class Planar(nn.Module):
    def __init__(self, num_dims: int) -> None:
        super().__init__()
        self.b = nn.Parameter(torch.randn(()))
        self.w = nn.Parameter(torch.ones(num_dims))
        self.u = nn.Parameter(torch.zeros(num_dims))

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        squared = sum(weight**2 for weight in self.w)
        product = sum(one * other for one, other in zip(self.u, self.w, strict=True))
        target = torch.log1p(torch.exp(product)) - 1
        a = self.b
        for weight, column in zip(self.w, z.T, strict=True):
            a = a + weight * column
        x = z.clone()
        for i, (one, weight) in enumerate(zip(self.u, self.w, strict=True)):
            across = one - product / squared * weight
            x[:, i] = x[:, i] + (across + target / squared * weight) * torch.tanh(a)
        return x, torch.log(1 + target * (1 - torch.tanh(a) ** 2))
