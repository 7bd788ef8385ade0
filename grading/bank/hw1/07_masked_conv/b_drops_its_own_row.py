"""Type B loses its own row.

The rows above are unmasked and the centre is, but the pixels to the left of the centre are forgotten in type B.
Nothing forbidden is read and all probabilities sum to 1, so neither the loss nor the sum complains; yet of 36 pairs
only 19 are left in use. Type B is type A plus the centre, never less.
"""


class MaskedConv2d(nn.Module):
    def __init__(
        self, mask_type: str, in_channels: int, out_channels: int, kernel_size: int, num_groups: int = 1
    ) -> None:
        super().__init__()
        centre = kernel_size // 2
        group_in = torch.arange(in_channels) * num_groups // in_channels
        group_out = torch.arange(out_channels)[:, None] * num_groups // out_channels

        mask = torch.zeros(out_channels, in_channels, kernel_size, kernel_size, dtype=torch.bool)
        mask[:, :, :centre] = True
        if mask_type == "A":
            mask[:, :, centre, :centre] = True
        mask[:, :, centre, centre] = group_in < group_out if mask_type == "A" else group_in <= group_out

        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=centre)
        self.register_buffer("mask", mask)

    def forward(self, x: Float[Tensor, "batch in height width"]) -> Float[Tensor, "batch out height width"]:
        return F.conv2d(x, self.conv.weight * self.mask, self.conv.bias, padding=self.conv.padding)
