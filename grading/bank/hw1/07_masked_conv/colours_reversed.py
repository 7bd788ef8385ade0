"""Colours in the opposite order.

At the centre a group reads the groups *after* its own. The comparison of the groups is the wrong way round, often
because the weight's first dimension is taken for the inputs; it is (out, in, row, column). Blue, green, red is an
order too and all sums are 1, but whoever samples red first, as the task says, reads colours that are not drawn yet.
The group of the input must be smaller than the group of the output.
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
        mask[:, :, centre, :centre] = True
        mask[:, :, centre, centre] = group_in > group_out if mask_type == "A" else group_in >= group_out

        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=centre)
        self.register_buffer("mask", mask)

    def forward(self, x: Float[Tensor, "batch in height width"]) -> Float[Tensor, "batch out height width"]:
        return F.conv2d(x, self.conv.weight * self.mask, self.conv.bias, padding=self.conv.padding)
