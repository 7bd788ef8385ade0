"""Causal convolution over pixels without masks (Salimans et al. 2017, arXiv:1701.05517).

A kernel that reads only what it may is a small one in the right place, and no weight of it is wasted:

    down          the own row and those above it; as many columns to the left as to the right
    down, right   the own row and those above it; the own column and those to the left of it

Both read the own pixel, so that what they are first given is the image moved: by a row down for features that may know
all of the rows above, and by a column to the right for those that may know the pixels to the left, too. A stride of two
keeps the order: the upper left pixel of each square of four stands for it, and knows least.
"""

from copy import deepcopy
from typing import TypeAlias, TypeVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import nn

Map: TypeAlias = Float[torch.Tensor, "batch channels height width"]
Network = TypeVar("Network", bound=nn.Module)


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


class PieceByPiece(nn.Module):
    """A moved kernel that is given its input in rows, or in pixels of the rows, and gives its output at these.

    It remembers the rows that it still needs. With a stride of two there is an output for every other row, and for
    every other pixel of it, and None between.

    Example:
        >>> conv, x = DownRightConv(3, 8), torch.zeros(2, 3, 5, 4)
        >>> step = PieceByPiece(conv, batch=2, width=4)
        >>> step(x[:, :, :1, :1]).shape, step(x[:, :, :1, 1:]).shape
        (torch.Size([2, 8, 1, 1]), torch.Size([2, 8, 1, 3]))
    """

    def __init__(self, conv: DownConv | DownRightConv, batch: int, width: int) -> None:
        super().__init__()
        self.conv, self.width, self.row, self.column = conv, width, 0, 0
        tall, wide = conv.kernel_size
        self.left = wide // 2 if isinstance(conv, DownConv) else wide - 1
        self.seen = conv.weight.new_zeros(batch, conv.in_channels, tall, width + wide - 1)

    def forward(self, x: Float[torch.Tensor, "batch channels 1 columns"]) -> Map | None:
        row, column = self.keep(x)
        (_, wide), (stride, _) = self.conv.kernel_size, self.conv.stride
        if row % stride or column % stride:
            return None
        seen = self.seen[..., column : column + x.shape[3] + wide - 1]
        return F.conv2d(seen, self.conv.weight, self.conv.bias, self.conv.stride)

    def keep(self, x: Float[torch.Tensor, "batch channels 1 columns"]) -> tuple[int, int]:
        """Remember what follows on the input before it, and say where that is."""
        row, column = self.row, self.column
        if column == 0:
            self.seen = F.pad(self.seen, (0, 0, 0, 1))[:, :, 1:]
        self.seen[:, :, -1, column + self.left : column + self.left + x.shape[3]] = x[:, :, 0]
        self.row, self.column = row + (column + x.shape[3]) // self.width, (column + x.shape[3]) % self.width
        return row, column


def piece_by_piece(network: Network, batch: int, width: int) -> Network:
    """A copy of a network whose moved kernels are given images of this width `PieceByPiece`.

    Example:
        >>> network = nn.Sequential(DownRightConv(1, 4), nn.ELU(), DownRightConv(4, 2))
        >>> x = torch.randn(2, 1, 1, 3)
        >>> step = piece_by_piece(network, batch=2, width=3)
        >>> pixels = [step(x[..., column : column + 1]) for column in range(3)]
        >>> torch.allclose(torch.cat(pixels, dim=3), network(x), atol=1e-6)
        True
    """
    copy = deepcopy(network)
    for part in list(copy.modules()):
        for name, layer in part.named_children():
            if isinstance(layer, DownConv | DownRightConv):
                setattr(part, name, PieceByPiece(layer, batch, width))
    return copy
