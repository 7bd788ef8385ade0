"""Plain loops over the cells of the kernels and over the pixels of the answer."""


class GatedLayer(nn.Module):
    def __init__(self, channels, kernel_size, first, num_classes=None):
        super().__init__()
        self.channels, self.reach, self.first, self.num_classes = (
            channels,
            kernel_size // 2,
            first,
            num_classes,
        )
        rows, columns = kernel_size // 2 + 1, kernel_size
        self.vertical = nn.ParameterList(self.matrix(2 * channels, channels) for _ in range(rows * columns))
        self.horizontal = nn.ParameterList(
            self.matrix(2 * channels, channels) for _ in range(self.reach if first else self.reach + 1)
        )
        self.link = self.matrix(2 * channels, 2 * channels)
        self.mix = self.matrix(channels, channels)
        self.bias_v = nn.Parameter(torch.zeros(2 * channels))
        self.bias_h = nn.Parameter(torch.zeros(2 * channels))
        if num_classes is not None:
            self.class_v = self.matrix(num_classes, 2 * channels)
            self.class_h = self.matrix(num_classes, 2 * channels)

    @staticmethod
    def matrix(rows, columns):
        return nn.Parameter(torch.randn(rows, columns) / math.sqrt(columns))

    def forward(self, v, h, y=None):
        batch, channels, height, width = v.shape
        s = torch.zeros(batch, height, width, 2 * channels, dtype=v.dtype) + self.bias_v
        t = torch.zeros(batch, height, width, 2 * channels, dtype=v.dtype) + self.bias_h
        for i in range(height):
            for j in range(width):
                cell = 0
                for row in range(i - self.reach, i + 1):
                    for column in range(j - self.reach, j + self.reach + 1):
                        if 0 <= row and 0 <= column < width:
                            s[:, i, j] = s[:, i, j] + v[:, :, row, column] @ self.vertical[cell].T
                        cell += 1
                for cell, weight in enumerate(self.horizontal):
                    column = j - self.reach + cell
                    if column >= 0:
                        t[:, i, j] = t[:, i, j] + h[:, :, i, column] @ weight.T
                if i > 0:
                    t[:, i, j] = t[:, i, j] + s[:, i - 1, j] @ self.link.T
        if self.num_classes is not None:
            s = s + self.class_v[y][:, None, None]
            t = t + self.class_h[y][:, None, None]
        gated_v = torch.tanh(s[..., :channels]) * torch.sigmoid(s[..., channels:])
        gated_h = torch.tanh(t[..., :channels]) * torch.sigmoid(t[..., channels:]) @ self.mix.T
        gated_v, gated_h = gated_v.permute(0, 3, 1, 2), gated_h.permute(0, 3, 1, 2)
        if not self.first:
            gated_h = gated_h + h
        return gated_v, gated_h


class GatedPixelCNN(nn.Module):
    def __init__(self, num_levels, channels, kernel_size, num_layers, num_classes=None):
        super().__init__()
        self.levels = num_levels
        self.start = nn.Conv2d(1, channels, 1)
        self.stack = nn.ModuleList()
        for number in range(num_layers):
            self.stack.append(GatedLayer(channels, kernel_size, number == 0, num_classes))
        self.end = nn.Conv2d(channels, num_levels, 1)

    def forward(self, x, y=None):
        values = x.to(self.end.weight.dtype) * 2 / (self.levels - 1) - 1
        v = self.start(values)
        h = v
        for layer in self.stack:
            v, h = layer(v, h, y)
        return self.end(h)[:, None].permute(0, 1, 3, 4, 2)

    def log_prob(self, x, y=None):
        log_p = torch.log_softmax(self(x, y), dim=-1)
        total = 0
        for level in range(self.levels):
            total = total + (log_p[..., level] * (x == level)).sum(dim=(1, 2, 3))
        return total
