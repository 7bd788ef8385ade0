"""Plain loops: one decision for every cell of the kernel and every pair of channels."""


class MaskedConv2d(nn.Module):
    def __init__(self, mask_type, in_channels, out_channels, kernel_size, num_groups=1):
        super().__init__()
        scale = 1 / math.sqrt(in_channels * kernel_size**2)
        self.kernel = nn.Parameter(scale * torch.randn(out_channels, in_channels, kernel_size, kernel_size))
        self.offset = nn.Parameter(torch.zeros(out_channels))
        self.kernel_size = kernel_size

        visible = torch.zeros(out_channels, in_channels, kernel_size, kernel_size)
        middle = (kernel_size - 1) // 2
        for o in range(out_channels):
            for i in range(in_channels):
                colour_out = o // (out_channels // num_groups)
                colour_in = i // (in_channels // num_groups)
                for row in range(kernel_size):
                    for column in range(kernel_size):
                        if row < middle or (row == middle and column < middle):
                            visible[o, i, row, column] = 1
                        if row == middle and column == middle:
                            if colour_in < colour_out:
                                visible[o, i, row, column] = 1
                            if mask_type == "B" and colour_in == colour_out:
                                visible[o, i, row, column] = 1
        self.register_buffer("visible", visible)

    def forward(self, x):
        batch, _, height, width = x.shape
        middle = self.kernel_size // 2
        framed = F.pad(x, (middle, middle, middle, middle))
        out = x.new_zeros(batch, len(self.offset), height, width) + self.offset[:, None, None]
        for row in range(self.kernel_size):
            for column in range(self.kernel_size):
                weight = (self.kernel * self.visible)[:, :, row, column]
                window = framed[:, :, row : row + height, column : column + width]
                out = out + torch.einsum("oi,bihw->bohw", weight, window)
        return out
