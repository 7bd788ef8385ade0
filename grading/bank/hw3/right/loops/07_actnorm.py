"""One channel after the other."""


class ActNorm(nn.Module):
    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(num_channels))
        self.shift = nn.Parameter(torch.zeros(num_channels))
        self.register_buffer("batches_seen", torch.zeros(1))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        x = []
        log_det = torch.zeros(len(z), dtype=z.dtype)
        for c in range(z.shape[1]):
            x.append(z[:, c] * torch.exp(self.log_scale[c]) + self.shift[c])
            log_det = log_det + self.log_scale[c] * z[0, c].numel()
        return torch.stack(x, dim=1), log_det

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.training and self.batches_seen[0] == 0:
            for c in range(x.shape[1]):
                values = x[:, c].detach()
                mean = values.sum() / values.numel()
                std = torch.sqrt(((values - mean) ** 2).sum() / values.numel())
                self.shift.data[c] = mean
                self.log_scale.data[c] = math.log(max(float(std), 1e-6))
            self.batches_seen[0] = 1
        z = []
        log_det = torch.zeros(len(x), dtype=x.dtype)
        for c in range(x.shape[1]):
            z.append((x[:, c] - self.shift[c]) / torch.exp(self.log_scale[c]))
            log_det = log_det - self.log_scale[c] * x[0, c].numel()
        return torch.stack(z, dim=1), log_det
