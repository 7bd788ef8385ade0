"""The vertical kernel is centred.

The rows are padded on both sides and the kernel is k × k, so s reads r rows *below* as well, and moving it down by
one row does not undo that. The rectangle ends at row i: r + 1 rows, padded with r zeros at the top and none at the
bottom.
"""


class GatedLayer(nn.Module):
    def __init__(self, channels: int, kernel_size: int, first: bool, num_classes: int | None = None) -> None:
        super().__init__()
        self.radius, self.first = kernel_size // 2, first
        self.rows = nn.Conv2d(channels, 2 * channels, (kernel_size, kernel_size))
        self.row = nn.Conv2d(channels, 2 * channels, (1, self.radius if first else self.radius + 1))
        self.down = nn.Conv2d(2 * channels, 2 * channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)
        self.label = nn.Embedding(num_classes, 4 * channels) if num_classes else None

    def forward(
        self,
        v: Float[Tensor, "batch channels height width"],
        h: Float[Tensor, "batch channels height width"],
        y: Int[Tensor, "batch"] | None = None,
    ) -> tuple[Float[Tensor, "batch channels height width"], Float[Tensor, "batch channels height width"]]:
        r = self.radius
        s = self.rows(F.pad(v, (r, r, r, r)))
        t = self.row(F.pad(h, (r, -1 if self.first else 0, 0, 0))) + self.down(F.pad(s, (0, 0, 1, -1)))
        if self.label is not None:
            label_v, label_h = self.label(y)[:, :, None, None].chunk(2, dim=1)
            s, t = s + label_v, t + label_h
        gated_v, gated_h = (
            torch.tanh(a) * torch.sigmoid(b) for a, b in (s.chunk(2, dim=1), t.chunk(2, dim=1))
        )
        return gated_v, self.out(gated_h) if self.first else self.out(gated_h) + h


class GatedPixelCNN(nn.Module):
    def __init__(
        self,
        num_levels: int,
        channels: int,
        kernel_size: int,
        num_layers: int,
        num_classes: int | None = None,
    ) -> None:
        super().__init__()
        self.num_levels = num_levels
        self.pixels = nn.Conv2d(1, channels, 1)
        self.layers = nn.ModuleList(
            GatedLayer(channels, kernel_size, number == 0, num_classes) for number in range(num_layers)
        )
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv2d(channels, channels, 1), nn.ReLU(), nn.Conv2d(channels, num_levels, 1)
        )

    def forward(
        self, x: Int[Tensor, "batch 1 height width"], y: Int[Tensor, "batch"] | None = None
    ) -> Float[Tensor, "batch 1 height width levels"]:
        scaled = 2 * x.to(self.pixels.weight.dtype) / (self.num_levels - 1) - 1
        v = h = self.pixels(scaled)
        for layer in self.layers:
            v, h = layer(v, h, y)
        return self.head(h).movedim(1, -1).unsqueeze(1)

    def log_prob(
        self, x: Int[Tensor, "batch 1 height width"], y: Int[Tensor, "batch"] | None = None
    ) -> Float[Tensor, "batch"]:
        log_p = F.log_softmax(self(x, y), dim=-1)
        return log_p.gather(-1, x.long().unsqueeze(-1)).flatten(1).sum(1)
