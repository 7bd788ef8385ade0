"""A conditioner that is only as wide as what passes, other names, the mask as a frozen parameter, residuals for the inverse."""


class Halves(nn.Module):
    """Reads the passing numbers and answers in pairs (r, t), one for each of the others."""

    def __init__(self, kept: list[int], changed: list[int], hidden: int) -> None:
        super().__init__()
        self.kept, self.changed = kept, changed
        self.out = nn.Parameter(torch.zeros(hidden, 2 * len(changed)))
        self.mid = nn.Parameter(torch.randn(hidden, hidden) / math.sqrt(hidden))
        self.into = nn.Parameter(torch.randn(1 + len(kept), hidden))

    def forward(self, v: Tensor) -> Tensor:
        ones = v.new_ones(len(v), 1)
        h = F.gelu(torch.cat([ones, v[:, self.kept]], dim=1) @ self.into)
        pairs = (F.gelu(h @ self.mid) @ self.out).reshape(len(v), -1, 2)
        wide = v.new_zeros(len(v), 2, v.shape[1])
        wide[:, :, self.changed] = pairs.transpose(1, 2)
        return wide.flatten(1)


class AffineCoupling(nn.Module):
    def __init__(
        self, num_dims: int, hidden: int, mask: Bool[Tensor, "dims"], conditioner: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.mask = nn.Parameter(mask.float(), requires_grad=False)
        kept, self.changed = ([i for i in range(num_dims) if mask[i] == passes] for passes in (True, False))
        self.g = Halves(kept, self.changed, hidden) if conditioner is None else conditioner

    def log_scale_and_shift(self, values: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        """Those of the changed dimensions only."""
        r, t = self.g(values * self.mask).tensor_split(2, dim=1)
        return torch.tanh(r[:, self.changed] / 3) * 3, t[:, self.changed]

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        s, t = self.log_scale_and_shift(z)
        x = z.clone()
        x[:, self.changed] = z[:, self.changed] * s.exp() + t
        return x, s.sum(dim=1)

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        s, t = self.log_scale_and_shift(x)
        z = x.clone()
        z[:, self.changed] = torch.exp(-s) * (x[:, self.changed] - t)
        return z, s.neg().sum(dim=1)


class Flow(nn.Module):
    def __init__(self, layers: list[nn.Module], num_dims: int) -> None:
        super().__init__()
        self.num_dims, self.depth = num_dims, len(layers)
        for number, layer in enumerate(layers):
            self.add_module(f"step_{number}", layer)

    def forward(self, z: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        log_dets = [z[:, 0] * 0]
        for number in range(self.depth):
            z, log_det = self.get_submodule(f"step_{number}")(z)
            log_dets.append(log_det)
        return z, torch.stack(log_dets).sum(0)

    def inverse(self, x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        log_dets = [x[:, 0] * 0]
        for number in reversed(range(self.depth)):
            x, log_det = self.get_submodule(f"step_{number}").inverse(x)
            log_dets.append(log_det)
        return x, torch.stack(log_dets).sum(0)

    def log_prob(self, x: Float[Tensor, "batch dims"]) -> Float[Tensor, "batch"]:
        z, log_det = self.inverse(x)
        base = torch.distributions.MultivariateNormal(
            torch.zeros(self.num_dims).to(z), torch.eye(self.num_dims).to(z)
        )
        return base.log_prob(z) + log_det

    def sample(self, num_samples: int, generator: torch.Generator) -> Float[Tensor, "samples dims"]:
        noise = torch.randn(self.num_dims, num_samples, generator=generator, dtype=torch.float64).T
        kinds = {parameter.dtype for parameter in self.parameters() if parameter.requires_grad}
        x, _ = self(noise.to(kinds.pop() if kinds else torch.get_default_dtype()))
        return x.detach()
