"""Masked convolution over pixels and colours (van den Oord et al. 2016, arXiv:1601.06759).

Pixels are generated row by row, and within a pixel the colours one after another. A convolution keeps to that order
if its kernel is zero at the pixels to come: all rows below, and what is right of the centre in its own row. At the
centre itself the colours decide. With `num_colours` equal groups of channels in and out, group o may read group g

    type A, the first layer, which reads the image:       g < o
    type B, all others, which read features of group g:   g ≤ o

A layer B after a layer A is causal because the features of group o have not seen colour o; A everywhere is causal,
too, and throws dependencies away at every layer.
"""

from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn


def colour_groups(channels: int, num_colours: int) -> Tensor:
    """The colour to which each channel belongs: equal blocks, in the colours' order.

    Example:
        >>> colour_groups(6, num_colours=3)
        tensor([0, 0, 1, 1, 2, 2])
    """
    if channels % num_colours:
        raise ValueError(f"{channels} channels cannot be shared equally among {num_colours} colours")
    return torch.arange(channels) // (channels // num_colours)


def conv_mask(
    kind: Literal["A", "B"], in_channels: int, out_channels: int, kernel_size: int, num_colours: int = 1
) -> Bool[Tensor, "out_channels in_channels kernel_size kernel_size"]:
    """Where the kernel may be non-zero. A kernel one pixel wide is all centre.

    Example:
        >>> conv_mask("A", 1, 1, 3)[0, 0].int()
        tensor([[1, 1, 1],
                [1, 0, 0],
                [0, 0, 0]], dtype=torch.int32)
        >>> conv_mask("B", 3, 3, 1, num_colours=3)[:, :, 0, 0].int()
        tensor([[1, 0, 0],
                [1, 1, 0],
                [1, 1, 1]], dtype=torch.int32)
    """
    if kernel_size % 2 == 0:
        raise ValueError(f"a kernel needs a centre: its size must be odd, got {kernel_size}")
    centre = kernel_size // 2
    mask = torch.zeros(out_channels, in_channels, kernel_size, kernel_size, dtype=torch.bool)
    mask[:, :, :centre] = True
    mask[:, :, centre, :centre] = True
    read = colour_groups(in_channels, num_colours)
    written = colour_groups(out_channels, num_colours)[:, None]
    mask[:, :, centre, centre] = read < written if kind == "A" else read <= written
    return mask


class MaskedConv(Protocol):
    """A convolution whose kernel is zero below the middle row, and right of the centre in it."""

    weight: Tensor
    bias: Tensor | None
    mask: Tensor
    in_channels: int


class MaskedConv2d(nn.Conv2d):
    """A convolution that reads only pixels and colours generated before (A), or up to and with, its own (B).

    Example:
        >>> layer = MaskedConv2d("A", 1, 8, kernel_size=3)
        >>> layer(torch.zeros(2, 1, 5, 4)).shape
        torch.Size([2, 8, 5, 4])
    """

    mask: Tensor

    def __init__(
        self,
        kind: Literal["A", "B"],
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        num_colours: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        self.register_buffer("mask", conv_mask(kind, in_channels, out_channels, kernel_size, num_colours))

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels height width"]:
        return F.conv2d(x, self.mask * self.weight, self.bias, padding=self.padding)


class PixelByPixel:
    """A masked convolution at one pixel after another: what it read before is remembered, and read again.

    A new pixel then costs one pixel, where a pass over the image costs all of them.

    Example:
        >>> layer = MaskedConv2d("B", 2, 8, kernel_size=3)
        >>> step = PixelByPixel(layer, batch=5, height=4, width=4)
        >>> step(torch.zeros(5, 2), row=0, column=0).shape
        torch.Size([5, 8])
    """

    def __init__(self, conv: MaskedConv, batch: int, height: int, width: int) -> None:
        *_, tall, self.wide = conv.weight.shape
        self.above, self.aside = tall // 2, self.wide // 2
        self.weight = (conv.mask * conv.weight)[:, :, : self.above + 1].flatten(1)
        self.bias = conv.bias
        shape = batch, conv.in_channels, height + self.above, width + 2 * self.aside
        self.seen = conv.weight.new_zeros(shape)

    def keep(self, x: Float[Tensor, "batch in_channels"], row: int, column: int) -> None:
        """Remember the input at a pixel."""
        self.seen[:, :, row + self.above, column + self.aside] = x

    def __call__(
        self, x: Float[Tensor, "batch in_channels"], row: int, column: int
    ) -> Float[Tensor, "batch out_channels"]:
        """The output at a pixel where the input is `x`."""
        if self.wide > 1:
            self.keep(x, row, column)
            x = self.seen[:, :, row : row + self.above + 1, column : column + self.wide].flatten(1)
        return F.linear(x, self.weight, self.bias)
