"""New parameters take the place of the old ones.

The first batch makes two new `nn.Parameter`s. An optimiser that was made before, as it always is, holds the old ones:
it trains tensors that nobody uses, and scale and shift stay at the first batch for ever. Set the values in place, with
`copy_` under `torch.no_grad`.
"""


class ActNorm(nn.Module):
    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(num_channels))
        self.shift = nn.Parameter(torch.zeros(num_channels))
        self.register_buffer("initialized", torch.tensor(False))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        log_scale, shift = (each.view(-1, *[1] * (z.dim() - 2)) for each in (self.log_scale, self.shift))
        sites = z[0, 0].numel()
        return z * log_scale.exp() + shift, (sites * self.log_scale.sum()).expand(len(z))

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.training and not self.initialized:
            with torch.no_grad():
                channels = x.transpose(0, 1).flatten(1)
                self.shift = nn.Parameter(channels.mean(1))
                self.log_scale = nn.Parameter(channels.std(1, correction=0).clamp(min=1e-6).log())
                self.initialized.fill_(True)
        log_scale, shift = (each.view(-1, *[1] * (x.dim() - 2)) for each in (self.log_scale, self.shift))
        sites = x[0, 0].numel()
        return (x - shift) * (-log_scale).exp(), -(sites * self.log_scale.sum()).expand(len(x))
