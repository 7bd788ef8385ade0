"""The log-determinant is detached.

The log-scale counts in log_det as a number without a graph. The likelihood is right, but its gradient for the scale
lacks the determinant: training makes the scale larger and larger, because z then looks more and more probable.
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
        return z * log_scale.exp() + shift, (sites * self.log_scale.detach().sum()).expand(len(z))

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.training and not self.initialized:
            with torch.no_grad():
                channels = x.transpose(0, 1).flatten(1)
                self.shift.copy_(channels.mean(1))
                self.log_scale.copy_(channels.std(1, correction=0).clamp(min=1e-6).log())
                self.initialized.fill_(True)
        log_scale, shift = (each.view(-1, *[1] * (x.dim() - 2)) for each in (self.log_scale, self.shift))
        sites = x[0, 0].numel()
        return (x - shift) * (-log_scale).exp(), -(sites * self.log_scale.detach().sum()).expand(len(x))
