"""The flag is not part of the state.

Whether the first batch has been seen is a plain attribute. `state_dict` does not know of it, so a trained flow that
is loaded to go on training loses its scales at the first batch. `register_buffer` keeps it.
"""


class ActNorm(nn.Module):
    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(num_channels))
        self.shift = nn.Parameter(torch.zeros(num_channels))
        self.initialized = False

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        log_scale, shift = (each.view(-1, *[1] * (z.dim() - 2)) for each in (self.log_scale, self.shift))
        sites = z[0, 0].numel()
        return z * log_scale.exp() + shift, (sites * self.log_scale.sum()).expand(len(z))

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.training and not self.initialized:
            with torch.no_grad():
                channels = x.transpose(0, 1).flatten(1)
                self.shift.copy_(channels.mean(1))
                self.log_scale.copy_(channels.std(1, correction=0).clamp(min=1e-6).log())
                self.initialized = True
        log_scale, shift = (each.view(-1, *[1] * (x.dim() - 2)) for each in (self.log_scale, self.shift))
        sites = x[0, 0].numel()
        return (x - shift) * (-log_scale).exp(), -(sites * self.log_scale.sum()).expand(len(x))
