"""Causal convolution over pixels without masks (Salimans et al. 2017, arXiv:1701.05517).

A kernel that reads only what it may is a small one in the right place, and no weight of it is wasted:

    down          the own row and those above it; as many columns to the left as to the right
    down, right   the own row and those above it; the own column and those to the left of it

Both read the own pixel, so that what they are first given is the image moved: by a row down for features that may know
all of the rows above, and by a column to the right for those that may know the pixels to the left, too. A stride of two
keeps the order: the upper left pixel of each square of four stands for it, and knows least.
"""

from typing import TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import nn

Map: TypeAlias = Float[torch.Tensor, "batch channels height width"]


class DownConv(nn.Conv2d):
    """Reads the own row and those above it, as many columns to the left as to the right.

    Example:
        >>> DownConv(3, 8)(torch.zeros(2, 3, 5, 4)).shape, DownConv(3, 8, stride=2)(torch.zeros(2, 3, 5, 4)).shape
        (torch.Size([2, 8, 5, 4]), torch.Size([2, 8, 3, 2]))
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: tuple[int, int] = (2, 3), stride: int = 1
    ) -> None:
        super().__init__(in_channels, out_channels, kernel, stride)

    def forward(self, x: Map) -> Map:
        tall, wide = self.kernel_size
        return super().forward(F.pad(x, (wide // 2, wide // 2, tall - 1, 0)))


class DownRightConv(nn.Conv2d):
    """Reads the own row and those above it, the own column and those to the left.

    Example:
        >>> DownRightConv(3, 8)(torch.zeros(2, 3, 5, 4)).shape
        torch.Size([2, 8, 5, 4])
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: tuple[int, int] = (2, 2), stride: int = 1
    ) -> None:
        super().__init__(in_channels, out_channels, kernel, stride)

    def forward(self, x: Map) -> Map:
        tall, wide = self.kernel_size
        return super().forward(F.pad(x, (wide - 1, 0, tall - 1, 0)))


def shift(x: Map, down: int = 0, right: int = 0) -> Map:
    """Moved by so many pixels; zeros come in.

    Example:
        >>> shift(torch.tensor([[1, 2], [3, 4]])[None, None], right=1)[0, 0]
        tensor([[0, 1],
                [0, 3]])
    """
    height, width = x.shape[2:]
    return F.pad(x, (right, 0, down, 0))[:, :, :height, :width]
