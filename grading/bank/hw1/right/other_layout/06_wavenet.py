"""Both sides padded and the right end cut, a learned start vector, the head built before the body."""


class CausalConv1d(nn.Conv1d):
    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, dilation=dilation, padding=(kernel_size - 1) * dilation
        )

    def forward(self, x: Float[Tensor, "batch channels time"]) -> Float[Tensor, "batch out time"]:
        return super().forward(x)[:, :, : x.shape[2]]


class GatedBlock(nn.Module):
    def __init__(self, channels: int, kernel_size: int, dilation: int) -> None:
        super().__init__()
        self.out_skip = CausalConv1d(channels, channels, 1)
        self.out_next = CausalConv1d(channels, channels, 1)
        self.in_gate = CausalConv1d(channels, channels, kernel_size, dilation)
        self.in_tanh = CausalConv1d(channels, channels, kernel_size, dilation)

    def forward(
        self, x: Float[Tensor, "batch channels time"]
    ) -> tuple[Float[Tensor, "batch channels time"], Float[Tensor, "batch channels time"]]:
        z = self.in_tanh(x).tanh().mul(self.in_gate(x).sigmoid())
        return self.out_next(z).add(x), self.out_skip(z)


class WaveNet(nn.Module):
    def __init__(self, num_levels: int, channels: int, kernel_size: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.last = CausalConv1d(channels, num_levels, 1)
        self.middle = CausalConv1d(channels, channels, 1)
        self.stack = nn.Sequential()
        for number, dilation in enumerate(dilations):
            self.stack.add_module(f"layer{number}", GatedBlock(channels, kernel_size, dilation))
        # the symbol num_levels stands before the start; its row is learned
        self.rows = nn.Embedding(num_levels + 1, channels)

    def forward(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time levels"]:
        start = torch.full_like(x[:, :1], self.rows.num_embeddings - 1)
        stream = self.rows(torch.cat([start, x], dim=1)[:, :-1]).permute(0, 2, 1)
        total = 0.0
        for layer in self.stack:
            stream, door = layer(stream)
            total = total + door
        return self.last(self.middle(total.clamp(min=0)).clamp(min=0)).permute(0, 2, 1)

    def log_prob(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch"]:
        return torch.distributions.Categorical(logits=self(x)).log_prob(x).sum(dim=1)
