"""The scale as it is and not its logarithm, channels last, a count of the batches for a flag."""


class ActNorm(nn.Module):
    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.centre = nn.Parameter(torch.zeros(num_channels))
        self.stretch = nn.Parameter(torch.ones(num_channels))
        self.register_buffer("seen", torch.tensor(0))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        x = z.movedim(1, -1) * self.stretch + self.centre
        return x.movedim(-1, 1), self.log_det(z)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        last = x.movedim(1, -1)
        if self.training and int(self.seen) == 0:
            table = last.detach().reshape(-1, last.shape[-1])
            self.centre.data = table.mean(0).to(self.centre.dtype)
            self.stretch.data = table.std(0, unbiased=False).clamp_min(1e-6).to(self.stretch.dtype)
            self.seen += 1
        return ((last - self.centre) / self.stretch).movedim(-1, 1), -self.log_det(x)

    def log_det(self, values: Tensor) -> Tensor:
        ones = torch.ones_like(values).movedim(1, -1)
        return (ones * self.stretch.abs().log()).flatten(1).sum(1)
