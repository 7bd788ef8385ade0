"""One comparison of raster positions, and a convolution written as unfold and matrix product."""


class MaskedConv2d(nn.Conv2d):
    def __init__(self, mask_type, in_channels, out_channels, kernel_size, num_groups=1):
        super().__init__(in_channels, out_channels, kernel_size, padding="same")
        cells = num_groups * torch.arange(kernel_size**2)  # a place in the order is num_groups * cell + group
        source = cells + torch.arange(num_groups).repeat_interleave(in_channels // num_groups)[:, None]
        target = cells.median() + torch.arange(num_groups).repeat_interleave(out_channels // num_groups)
        self.register_buffer("seen", source < target[:, None, None] + (mask_type == "B"))

    def forward(self, x):
        weight = torch.where(self.seen, self.weight.flatten(2), 0.0).flatten(1)
        columns = F.unfold(x, self.kernel_size, padding=self.kernel_size[0] // 2)
        return (weight @ columns + self.bias[:, None]).unflatten(2, x.shape[2:])
