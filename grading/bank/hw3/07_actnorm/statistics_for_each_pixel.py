"""Statistics for each pixel.

The mean runs over the batch only, so every pixel gets a scale and a shift of its own. A channel has one of each: with
few images a mean for each pixel is mostly noise, and the layer cannot be used at another image size.
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
                self.shift = nn.Parameter(x.mean(0))
                self.log_scale = nn.Parameter(x.std(0, correction=0).clamp(min=1e-6).log())
                self.initialized.fill_(True)
            if x.dim() > 2:
                return (x - self.shift) * (-self.log_scale).exp(), -self.log_scale.sum().expand(len(x))
        log_scale, shift = (each.view(-1, *[1] * (x.dim() - 2)) for each in (self.log_scale, self.shift))
        sites = x[0, 0].numel()
        return (x - shift) * (-log_scale).exp(), -(sites * self.log_scale.sum()).expand(len(x))
