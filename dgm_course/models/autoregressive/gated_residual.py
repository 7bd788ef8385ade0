"""The residual layer of PixelCNN++ and PixelSNAIL, of any convolution (Salimans et al. 2017, arXiv:1701.05517).

x + a ⊙ σ(b),     (a, b) = conv(dropout(celu(conv(celu(x)) + W celu(shortcut)))) + V y,     celu(x) = elu([x, −x])
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.shifted_conv import Map


def concat_elu(x: Map) -> Map:
    """elu of x and of −x: twice the channels, none of them dead.

    Example:
        >>> concat_elu(torch.full((1, 1, 1, 1), 2.0)).flatten()
        tensor([ 2.0000, -0.8647])
    """
    return F.elu(torch.cat([x, -x], dim=1))


class GatedResidual(nn.Module):
    """x + a ⊙ σ(b) of the convolution `conv`, with a shortcut of `shortcut_channels` from another place.

    Example:
        >>> from dgm_course.models.autoregressive.shifted_conv import DownRightConv
        >>> layer = GatedResidual(8, DownRightConv, shortcut_channels=16, num_classes=10)
        >>> layer(torch.zeros(2, 8, 5, 4), torch.zeros(2, 16, 5, 4), torch.tensor([3, 7])).shape
        torch.Size([2, 8, 5, 4])
    """

    def __init__(
        self,
        channels: int,
        conv: Callable[[int, int], nn.Module],
        shortcut_channels: int = 0,
        dropout: float = 0.0,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        self.first = conv(2 * channels, channels)
        self.shortcut = nn.Conv2d(2 * shortcut_channels, channels, 1) if shortcut_channels else None
        self.dropout = nn.Dropout(dropout)
        self.second = conv(2 * channels, 2 * channels)
        self.label = nn.Embedding(num_classes, 2 * channels) if num_classes else None

    def forward(self, x: Map, shortcut: Map | None = None, y: Int[Tensor, " batch"] | None = None) -> Map:
        h = self.first(concat_elu(x))
        if self.shortcut is not None and shortcut is not None:
            h = h + self.shortcut(concat_elu(shortcut))
        h = self.second(self.dropout(concat_elu(h)))
        if self.label is not None:
            h = h + self.label(y)[:, :, None, None]
        a, b = h.chunk(2, dim=1)
        return x + a * torch.sigmoid(b)
