"""Plain loops over dimensions and layers, tanh units in the conditioner."""


class AffineCoupling(nn.Module):
    def __init__(
        self, num_dims: int, hidden: int, mask: Bool[Tensor, "dims"], conditioner: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.num_dims = num_dims
        self.passes = [bool(value) for value in mask]
        if conditioner is None:
            conditioner = nn.Sequential(
                nn.Linear(num_dims, hidden),
                nn.Tanh(),
                nn.Linear(hidden, hidden),
                nn.Tanh(),
                nn.Linear(hidden, 2 * num_dims),
            )
        self.net = conditioner

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        answers = self.ask(z)
        columns = []
        log_det = torch.zeros(len(z), dtype=z.dtype)
        for i in range(self.num_dims):
            if self.passes[i]:
                columns.append(z[:, i])
            else:
                s = 3 * torch.tanh(answers[:, i] / 3)
                columns.append(z[:, i] * torch.exp(s) + answers[:, self.num_dims + i])
                log_det = log_det + s
        return torch.stack(columns, dim=1), log_det

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        answers = self.ask(x)
        columns = []
        log_det = torch.zeros(len(x), dtype=x.dtype)
        for i in range(self.num_dims):
            if self.passes[i]:
                columns.append(x[:, i])
            else:
                s = 3 * torch.tanh(answers[:, i] / 3)
                columns.append((x[:, i] - answers[:, self.num_dims + i]) / torch.exp(s))
                log_det = log_det - s
        return torch.stack(columns, dim=1), log_det

    def ask(self, values: Float[Tensor, "batch dims"]) -> Tensor:
        seen = []
        for i in range(self.num_dims):
            seen.append(values[:, i] if self.passes[i] else torch.zeros_like(values[:, i]))
        return self.net(torch.stack(seen, dim=1))


class Flow(nn.Module):
    def __init__(self, layers: list[nn.Module], num_dims: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.num_dims = num_dims

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        log_det = torch.zeros(len(z), dtype=z.dtype)
        for layer in self.layers:
            z, more = layer(z)
            log_det = log_det + more
        return z, log_det

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        log_det = torch.zeros(len(x), dtype=x.dtype)
        for number in range(len(self.layers) - 1, -1, -1):
            x, more = self.layers[number].inverse(x)
            log_det = log_det + more
        return x, log_det

    def log_prob(self, x: Float[Tensor, "batch dims"]) -> Float[Tensor, "batch"]:
        z, log_prob = self.inverse(x)
        for i in range(self.num_dims):
            log_prob = log_prob - z[:, i] ** 2 / 2 - math.log(math.sqrt(2 * math.pi))
        return log_prob

    def sample(self, num_samples: int, generator: torch.Generator) -> Float[Tensor, "samples dims"]:
        dtype = torch.get_default_dtype()
        for parameter in self.parameters():
            dtype = parameter.dtype
        columns = []
        for _ in range(self.num_dims):
            columns.append(torch.randn(num_samples, generator=generator, dtype=dtype))
        with torch.no_grad():
            x, _ = self.forward(torch.stack(columns, dim=1))
        return x
