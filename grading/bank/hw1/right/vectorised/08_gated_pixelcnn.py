"""Masked full kernels, both gates in one go, one-hot labels."""


class GatedLayer(nn.Module):
    def __init__(self, channels, kernel_size, first, num_classes=None):
        super().__init__()
        row = torch.arange(kernel_size)[:, None] - kernel_size // 2
        column = torch.arange(kernel_size) - kernel_size // 2
        self.register_buffer("upper", (row <= 0).expand(kernel_size, kernel_size))
        self.register_buffer("left", (row == 0) & (column < (0 if first else 1)))
        shape = (2, 2 * channels, channels, kernel_size, kernel_size)
        self.kernels = nn.Parameter(torch.randn(shape) / (kernel_size * channels**0.5))
        self.link = nn.Conv2d(2 * channels, 2 * channels, 1)
        self.project = nn.Conv2d(channels, channels, 1)
        self.labels = nn.Linear(num_classes or 1, 4 * channels)
        self.residual = float(not first)

    def forward(self, v, h, y=None):
        pad = self.upper.shape[0] // 2
        vertical = F.conv2d(v, self.kernels[0] * self.upper, padding=pad)
        horizontal = F.conv2d(h, self.kernels[1] * self.left, padding=pad)
        shifted = torch.cat([torch.zeros_like(vertical[:, :, :1]), vertical[:, :, :-1]], dim=2)
        label = (
            self.labels.bias if y is None else self.labels(F.one_hot(y, self.labels.in_features).to(v.dtype))
        )
        both = torch.cat([vertical, horizontal + self.link(shifted)], dim=1) + label.reshape(
            -1, vertical.shape[1] * 2, 1, 1
        )
        signal, gate = both.unflatten(1, (2, 2, -1)).unbind(2)
        gated_v, gated_h = (signal.tanh() * gate.sigmoid()).unbind(1)
        return gated_v, self.project(gated_h) + self.residual * h


class GatedPixelCNN(nn.Module):
    def __init__(self, num_levels, channels, kernel_size, num_layers, num_classes=None):
        super().__init__()
        self.values = nn.Parameter(torch.linspace(-1, 1, num_levels), requires_grad=False)
        self.lift = nn.Linear(1, channels)
        layers = [GatedLayer(channels, kernel_size, i == 0, num_classes) for i in range(num_layers)]
        self.layers = nn.ModuleList(layers)
        self.head = nn.Sequential(nn.ELU(), nn.Linear(channels, num_levels))

    def forward(self, x, y=None):
        v = h = self.lift(self.values[x.long()].movedim(1, -1)).movedim(-1, 1)
        for layer in self.layers:
            v, h = layer(v, h, y)
        return self.head(h.movedim(1, -1))[:, None]

    def log_prob(self, x, y=None):
        logits = self(x, y)
        return (
            -F.cross_entropy(logits.flatten(0, -2), x.long().flatten(), reduction="none")
            .reshape(len(x), -1)
            .sum(1)
        )
