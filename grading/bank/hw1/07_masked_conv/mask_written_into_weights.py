"""The mask overwrites the weights.

forward multiplies `weight.data` by the mask in place. The output is right, but calling the model changes it: a
state_dict saved before and after differs, and the optimiser does not know that its weights were moved. Multiply
weight * mask in forward and pass the product to F.conv2d.
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

        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=centre)
        self.register_buffer("mask", mask)

    def forward(self, x: Float[Tensor, "batch in height width"]) -> Float[Tensor, "batch out height width"]:
        self.conv.weight.data *= self.mask
        return self.conv(x)
