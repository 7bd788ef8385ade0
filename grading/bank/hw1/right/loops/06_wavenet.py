"""A matrix product for every tap, layer and time written out."""


class CausalConv1d(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1) -> None:
        super().__init__()
        self.dilation = dilation
        self.taps = nn.ModuleList(
            [nn.Linear(in_channels, out_channels, bias=False) for _ in range(kernel_size)]
        )
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Float[Tensor, "batch channels time"]) -> Float[Tensor, "batch out time"]:
        outputs = []
        for t in range(x.shape[2]):
            value = self.bias.expand(x.shape[0], -1)
            for j, tap in enumerate(self.taps):
                if t - j * self.dilation >= 0:
                    value = value + tap(x[:, :, t - j * self.dilation])
            outputs.append(value)
        return torch.stack(outputs, dim=2)


class GatedBlock(nn.Module):
    def __init__(self, channels: int, kernel_size: int, dilation: int) -> None:
        super().__init__()
        self.content = CausalConv1d(channels, channels, kernel_size, dilation)
        self.amount = CausalConv1d(channels, channels, kernel_size, dilation)
        self.to_next = CausalConv1d(channels, channels, 1)
        self.to_end = CausalConv1d(channels, channels, 1)

    def forward(
        self, x: Float[Tensor, "batch channels time"]
    ) -> tuple[Float[Tensor, "batch channels time"], Float[Tensor, "batch channels time"]]:
        content = self.content(x).tanh()
        amount = self.amount(x).sigmoid()
        z = content * amount
        output = x + self.to_next(z)
        skip = self.to_end(z)
        return output, skip


class WaveNet(nn.Module):
    def __init__(self, num_levels: int, channels: int, kernel_size: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.symbols = nn.Embedding(num_levels, channels)
        self.layers = nn.ModuleList()
        for dilation in dilations:
            self.layers.append(GatedBlock(channels, kernel_size, dilation))
        self.mix = nn.Linear(channels, channels)
        self.out = nn.Linear(channels, num_levels)

    def forward(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time levels"]:
        inputs = []
        for t in range(x.shape[1]):
            now = self.symbols(x[:, t])
            inputs.append(before if t > 0 else torch.zeros_like(now))
            before = now
        hidden = torch.stack(inputs, dim=2)
        total = None
        for layer in self.layers:
            hidden, skip = layer(hidden)
            total = skip if total is None else total + skip
        logits = []
        for t in range(x.shape[1]):
            logits.append(self.out(self.mix(total[:, :, t].relu()).relu()))
        return torch.stack(logits, dim=1)

    def log_prob(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch"]:
        logits = self(x)
        total = 0
        for t in range(x.shape[1]):
            total = total - F.cross_entropy(logits[:, t], x[:, t], reduction="none")
        return total
