"""The colour order kept at every pixel.

The comparison of the groups is applied to the whole kernel, so that red never learns about the green and blue of
earlier pixels. All probabilities sum to 1, but the model is weaker than it should be. The order of the colours
matters at the centre only: an earlier pixel is known with all its colours.
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
        mask[:, :, centre, centre] = mask_type == "B" or num_groups > 1
        mask &= (group_in < group_out if mask_type == "A" and num_groups > 1 else group_in <= group_out)[
            :, :, None, None
        ]

        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=centre)
        self.register_buffer("mask", mask)

    def forward(self, x: Float[Tensor, "batch in height width"]) -> Float[Tensor, "batch out height width"]:
        return F.conv2d(x, self.conv.weight * self.mask, self.conv.bias, padding=self.conv.padding)
