"""No mask: one convolution for the rows above, one for the left, and one linear map per colour at the centre."""


class MaskedConv2d(nn.Module):
    def __init__(self, mask_type, in_channels, out_channels, kernel_size, num_groups=1):
        super().__init__()
        self.reach = kernel_size // 2
        if self.reach:
            self.left = nn.Conv2d(in_channels, out_channels, (1, self.reach), bias=False)
            self.above = nn.Conv2d(in_channels, out_channels, (self.reach, kernel_size), bias=False)
        self.shown = [
            (group + (mask_type == "B")) * (in_channels // num_groups) for group in range(num_groups)
        ]
        self.centre = nn.ModuleList(
            nn.Conv2d(shown, out_channels // num_groups, 1, bias=False) for shown in self.shown if shown
        )
        self.bias = nn.Parameter(torch.randn(1, out_channels, 1, 1) / 10)

    def forward(self, x):
        r, out = self.reach, self.bias.expand(len(x), -1, *x.shape[2:])
        if r:
            out = out + self.above(F.pad(x, (r, r, r, -1))) + self.left(F.pad(x, (r, -1, 0, 0)))
        parts = list(out.chunk(len(self.shown), dim=1))
        first = len(self.shown) - len(self.centre)
        for part, layer in enumerate(self.centre, start=first):
            parts[part] = parts[part] + layer(x[:, : self.shown[part]])
        return torch.cat(parts, dim=1)
