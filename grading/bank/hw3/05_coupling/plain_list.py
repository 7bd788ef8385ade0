"""The layers are kept in a plain list.

A module finds its parts among its attributes, not inside a list. `parameters()` of such a flow is empty: an optimiser
has nothing to train, `double()` and `state_dict()` do not reach the layers, and samples come in the wrong dtype. Use
`nn.ModuleList`.
"""


class AffineCoupling(nn.Module):
    def __init__(
        self, num_dims: int, hidden: int, mask: Bool[Tensor, "dims"], conditioner: nn.Module | None = None
    ) -> None:
        super().__init__()
        if conditioner is None:
            last = nn.Linear(hidden, 2 * num_dims)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            conditioner = nn.Sequential(
                nn.Linear(num_dims, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), last
            )
        self.conditioner = conditioner
        self.register_buffer("mask", mask)

    def log_scale_and_shift(self, values: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        raw, shift = self.conditioner(values.masked_fill(~self.mask, 0)).chunk(2, dim=1)
        log_scale = 3 * torch.tanh(raw / 3)
        return log_scale.masked_fill(self.mask, 0), shift.masked_fill(self.mask, 0)

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        log_scale, shift = self.log_scale_and_shift(z)
        return z * log_scale.exp() + shift, log_scale.sum(1)

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        log_scale, shift = self.log_scale_and_shift(x)
        return (x - shift) * (-log_scale).exp(), -log_scale.sum(1)


class Flow(nn.Module):
    def __init__(self, layers: list[nn.Module], num_dims: int) -> None:
        super().__init__()
        self.layers = layers
        self.num_dims = num_dims

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        total = z.new_zeros(len(z))
        for layer in self.layers:
            z, log_det = layer(z)
            total = total + log_det
        return z, total

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        total = x.new_zeros(len(x))
        for layer in reversed(self.layers):
            x, log_det = layer.inverse(x)
            total = total + log_det
        return x, total

    def log_prob(self, x: Float[Tensor, "batch dims"]) -> Float[Tensor, "batch"]:
        z, log_det = self.inverse(x)
        return log_det - (z.square() + math.log(2 * math.pi)).sum(1) / 2

    def sample(self, num_samples: int, generator: torch.Generator) -> Float[Tensor, "samples dims"]:
        dtype = next((parameter.dtype for parameter in self.parameters()), torch.get_default_dtype())
        with torch.no_grad():
            return self(torch.randn(num_samples, self.num_dims, generator=generator, dtype=dtype))[0]
