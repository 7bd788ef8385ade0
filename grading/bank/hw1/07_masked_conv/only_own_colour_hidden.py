"""Green sees blue.

At the centre type A hides the own colour and shows both others. Green then reads blue and blue reads green: each is
predicted from the other, the product of the conditionals is not a distribution, and the probabilities do not sum to
1. A colour may read the colours *before* it: the group of the input must be smaller, not just different.
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
        mask[:, :, centre, centre] = (
            group_in != group_out if mask_type == "A" and num_groups > 1 else mask_type == "B"
        )

        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=centre)
        self.register_buffer("mask", mask)

    def forward(self, x: Float[Tensor, "batch in height width"]) -> Float[Tensor, "batch out height width"]:
        return F.conv2d(x, self.conv.weight * self.mask, self.conv.bias, padding=self.conv.padding)
