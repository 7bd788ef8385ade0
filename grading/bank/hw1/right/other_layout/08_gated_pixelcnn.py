"""Signal and gate have convolutions of their own, the first layer is a class apart, pixels enter one-hot."""


class Gate(nn.Module):
    """tanh(signal) · σ(gate) of what one stack reads."""

    def __init__(self, channels, shape):
        super().__init__()
        self.gate = nn.Conv2d(channels, channels, shape)
        self.signal = nn.Conv2d(channels, channels, shape)

    def forward(self, x):
        return self.signal(x), self.gate(x)


class GatedLayer(nn.Module):
    def __init__(self, channels, kernel_size, first, num_classes=None):
        super().__init__()
        r = kernel_size // 2
        self.mix = nn.Conv2d(channels, channels, 1)
        self.horizontal = Gate(channels, (1, r + 1 - first))
        self.above = Gate(channels, (1, 1))
        self.vertical = Gate(channels, (r + 1, kernel_size))
        self.labels = None
        if num_classes is not None:
            self.labels = nn.ModuleList(nn.Embedding(num_classes, channels) for _ in range(4))
        self.frame_v = nn.ZeroPad2d((r, r, r, 0))
        self.frame_h = nn.ZeroPad2d((r, -int(first), 0, 0))
        self.residual = not first

    def forward(self, v, h, y=None):
        signal_v, gate_v = self.vertical(self.frame_v(v))
        down = nn.ZeroPad2d((0, 0, 1, 0))
        signal_h, gate_h = self.horizontal(self.frame_h(h))
        above_signal, _ = self.above(down(signal_v)[:, :, :-1])
        _, above_gate = self.above(down(gate_v)[:, :, :-1])
        signal_h, gate_h = signal_h + above_signal, gate_h + above_gate
        if self.labels is not None:
            a, b, c, d = (table(y)[:, :, None, None] for table in self.labels)
            signal_v, gate_v, signal_h, gate_h = signal_v + a, gate_v + b, signal_h + c, gate_h + d
        mixed = self.mix(signal_h.tanh() / (1 + torch.exp(-gate_h)))
        if self.residual:
            mixed = h + mixed
        return signal_v.tanh() / (1 + torch.exp(-gate_v)), mixed


class GatedPixelCNN(nn.Module):
    def __init__(self, num_levels, channels, kernel_size, num_layers, num_classes=None):
        super().__init__()
        self.head = nn.Conv2d(channels, num_levels, 1)
        self.body = nn.ModuleList(
            GatedLayer(channels, kernel_size, False, num_classes) for _ in range(num_layers - 1)
        )
        self.entry = GatedLayer(channels, kernel_size, True, num_classes)
        self.embed = nn.Embedding(num_levels, channels)

    def forward(self, x, y=None):
        pixels = self.embed(x.long())[:, 0].permute(0, 3, 1, 2)
        v, h = self.entry(pixels, pixels, y)
        for layer in self.body:
            v, h = layer(v, h, y)
        return self.head(h).permute(0, 2, 3, 1).unsqueeze(1)

    def log_prob(self, x, y=None):
        pixels = torch.distributions.Categorical(logits=self(x, y))
        return pixels.log_prob(x).sum((1, 2, 3))
