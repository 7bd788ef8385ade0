"""The targets shifted a second time.

The network shifts its input, and `log_prob` moves the targets by one as well, as one does for a network without a shift.
Logits t then predict x_{t+1} without having seen x_t. Shift once: the input, or the targets, not both.
"""


class CausalConv1d(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1) -> None:
        super().__init__()
        self.reach = (kernel_size - 1) * dilation
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, dilation=dilation)

    def forward(self, x: Float[Tensor, "batch channels time"]) -> Float[Tensor, "batch out time"]:
        return self.conv(F.pad(x, (self.reach, 0)))


class GatedBlock(nn.Module):
    def __init__(self, channels: int, kernel_size: int, dilation: int) -> None:
        super().__init__()
        self.filter = CausalConv1d(channels, channels, kernel_size, dilation)
        self.gate = CausalConv1d(channels, channels, kernel_size, dilation)
        self.residual = nn.Conv1d(channels, channels, 1)
        self.skip = nn.Conv1d(channels, channels, 1)

    def forward(
        self, x: Float[Tensor, "batch channels time"]
    ) -> tuple[Float[Tensor, "batch channels time"], Float[Tensor, "batch channels time"]]:
        z = torch.tanh(self.filter(x)) * torch.sigmoid(self.gate(x))
        return x + self.residual(z), self.skip(z)


class WaveNet(nn.Module):
    def __init__(self, num_levels: int, channels: int, kernel_size: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_levels, channels)
        self.blocks = nn.ModuleList(GatedBlock(channels, kernel_size, dilation) for dilation in dilations)
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv1d(channels, channels, 1), nn.ReLU(), nn.Conv1d(channels, num_levels, 1)
        )

    def forward(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time levels"]:
        embedded = self.embedding(x).transpose(1, 2)  # (B, C, T)
        hidden = F.pad(embedded, (1, 0))[..., :-1]  # time t holds x_{t-1}
        skips = torch.zeros_like(hidden)
        for block in self.blocks:
            hidden, skip = block(hidden)
            skips = skips + skip
        return self.head(skips).transpose(1, 2)

    def log_prob(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch"]:
        log_p = self(x)[:, :-1].log_softmax(-1)
        return log_p.gather(-1, x[:, 1:].unsqueeze(-1)).squeeze(-1).sum(1)
