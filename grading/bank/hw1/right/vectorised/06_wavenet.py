"""All taps gathered at once, one fused convolution for filter and gate, one for residual and skip."""


class CausalConv1d(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1) -> None:
        super().__init__()
        self.offsets = dilation * torch.arange(kernel_size)
        self.weight = nn.Parameter(
            torch.randn(kernel_size, out_channels, in_channels) / math.sqrt(kernel_size * in_channels)
        )
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Float[Tensor, "batch channels time"]) -> Float[Tensor, "batch out time"]:
        reach = int(self.offsets[-1])
        times = torch.arange(x.shape[2])[:, None] + reach - self.offsets  # (T, k) in the padded sequence
        gathered = F.pad(x, (reach, 0))[:, :, times]
        return torch.einsum("bctk,koc->bot", gathered, self.weight) + self.bias[:, None]


class GatedBlock(nn.Module):
    def __init__(self, channels: int, kernel_size: int, dilation: int) -> None:
        super().__init__()
        self.both = CausalConv1d(channels, 2 * channels, kernel_size, dilation)
        self.doors = nn.Conv1d(channels, 2 * channels, 1)

    def forward(
        self, x: Float[Tensor, "batch channels time"]
    ) -> tuple[Float[Tensor, "batch channels time"], Float[Tensor, "batch channels time"]]:
        gate, content = self.both(x).chunk(2, dim=1)
        residual, skip = self.doors(gate.sigmoid().mul(content.tanh())).chunk(2, dim=1)
        return x + residual, skip


class WaveNet(nn.Module):
    def __init__(self, num_levels: int, channels: int, kernel_size: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(num_levels, channels))
        self.blocks = nn.ModuleList(GatedBlock(channels, kernel_size, dilation) for dilation in dilations)
        self.head = nn.Sequential(
            nn.ReLU(), nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, num_levels)
        )

    def forward(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time levels"]:
        one_hot = F.one_hot(x, len(self.table)).to(self.table)
        late = torch.cat([torch.zeros_like(one_hot[:, :1]), one_hot[:, :-1]], dim=1)
        hidden, skips = (late @ self.table).mT, []
        for block in self.blocks:
            hidden, skip = block(hidden)
            skips.append(skip)
        return self.head(torch.stack(skips).sum(0).mT)

    def log_prob(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch"]:
        logits = self(x)
        return (torch.take_along_dim(logits, x[..., None], -1)[..., 0] - logits.logsumexp(-1)).sum(-1)
