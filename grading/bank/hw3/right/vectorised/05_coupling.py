"""One multiply and add for all dimensions, blended by the mask as a number; the flow folds its layers."""

from functools import reduce


class AffineCoupling(nn.Module):
    def __init__(
        self, num_dims: int, hidden: int, mask: Bool[Tensor, "dims"], conditioner: nn.Module | None = None
    ) -> None:
        super().__init__()
        sizes = (num_dims, hidden, hidden, 2 * num_dims)
        linear = [nn.Linear(below, above) for below, above in zip(sizes, sizes[1:])]
        own = nn.Sequential(linear[0], nn.SiLU(), linear[1], nn.SiLU(), linear[2])
        self.conditioner = own if conditioner is None else conditioner
        self.register_buffer("b", mask.double())

    def _parts(self, values: Tensor) -> tuple[Tensor, Tensor]:
        b = self.b.to(values)
        both = self.conditioner(b * values).unflatten(1, (2, -1)) * (1 - b)
        return 3 * (both[:, 0] / 3).tanh(), both[:, 1]

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        s, t = self._parts(z)
        return torch.addcmul(t, z, s.exp()), torch.einsum("bd->b", s)

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        s, t = self._parts(x)
        return (x - t) / s.exp(), -s.sum(-1)


class Flow(nn.Module):
    def __init__(self, layers: list[nn.Module], num_dims: int) -> None:
        super().__init__()
        self.stack = nn.Sequential(*layers)
        self.register_buffer("mean", torch.zeros(num_dims))

    def _fold(self, steps, start: Tensor) -> tuple[Tensor, Tensor]:
        def step(state, apply):
            value, log_det = apply(state[0])
            return value, state[1] + log_det

        return reduce(step, steps, (start, torch.zeros_like(start[:, 0])))

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        return self._fold(self.stack, z)

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        return self._fold([layer.inverse for layer in self.stack][::-1], x)

    def log_prob(self, x: Float[Tensor, "batch dims"]) -> Float[Tensor, "batch"]:
        z, log_det = self.inverse(x)
        return torch.distributions.Normal(self.mean.to(z), 1.0).log_prob(z).sum(1) + log_det

    @torch.no_grad()
    def sample(self, num_samples: int, generator: torch.Generator) -> Float[Tensor, "samples dims"]:
        weights = [*self.parameters(), self.mean]
        shape = (num_samples, *self.mean.shape)
        return self(torch.empty(shape, dtype=weights[0].dtype).normal_(generator=generator))[0]
