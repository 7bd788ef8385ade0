"""The border is repeated.

Replicated padding copies pixels of the border outwards: above the top row stands the top row itself. The masked
kernel believes that everything above and to the left is past, and reads copies of the pixel it predicts. Pad with
zeros, which carry no information.
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
        mask[:, :, centre, centre] = group_in < group_out if mask_type == "A" else group_in <= group_out

        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=(centre, centre))
        self.register_buffer("mask", mask)

    def forward(self, x: Float[Tensor, "batch in height width"]) -> Float[Tensor, "batch out height width"]:
        framed = F.pad(x, (*self.conv.padding, *self.conv.padding), mode="replicate")
        return F.conv2d(framed, self.conv.weight * self.mask, self.conv.bias)
