"""PixelCNN++ (Salimans et al. 2017, arXiv:1701.05517).

    p(x) = Π_pixels p(colours of the pixel | pixels before),     each a mixture of logistics (`coupled_logistics`)

There are two streams of features and no masks (`shifted_conv`): one knows all rows above a pixel; the other reads the
first at every layer and knows all pixels before. The network is a U: the resolution is halved by a stride of two and
doubled again by transposed convolutions, and every layer on the way back is given the features that its counterpart
had made, by a shortcut. A layer is

    x + a ⊙ σ(b),     (a, b) = conv(dropout(celu(conv(celu(x)) + W celu(shortcut)))) + V y,     celu(x) = elu([x, −x])

Weight normalisation and averaged weights, which change only the training, are left out.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.coupled_logistics import CoupledLogisticModel
from dgm_course.models.autoregressive.shifted_conv import DownConv, DownRightConv, Map, shift

Streams: TypeAlias = tuple[Map, Map]


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


class Layer(nn.Module):
    """A residual layer of both streams, which the shortcuts of an earlier layer join on the way back.

    Example:
        >>> layer = Layer(8, way_back=True, dropout=0.5, num_classes=0)
        >>> streams = shortcuts = torch.zeros(2, 8, 5, 4), torch.zeros(2, 8, 5, 4)
        >>> above, before = layer(streams, None, shortcuts)
        >>> above.shape, before.shape
        (torch.Size([2, 8, 5, 4]), torch.Size([2, 8, 5, 4]))
    """

    def __init__(self, channels: int, way_back: bool, dropout: float, num_classes: int) -> None:
        super().__init__()
        rest = dropout, num_classes
        self.above = GatedResidual(channels, DownConv, channels * way_back, *rest)
        self.before = GatedResidual(channels, DownRightConv, channels * (1 + way_back), *rest)

    def forward(self, streams: Streams, y: Tensor | None, shortcuts: Streams | None = None) -> Streams:
        above, before = streams
        if shortcuts is None:
            above = self.above(above, None, y)
            return above, self.before(before, above, y)
        above = self.above(above, shortcuts[0], y)
        return above, self.before(before, torch.cat([above, shortcuts[1]], dim=1), y)


class Halve(nn.Module):
    """A pixel for each square of four, which knows what the upper left of them knows.

    Example:
        >>> above, before = Halve(8)((torch.zeros(2, 8, 5, 4), torch.zeros(2, 8, 5, 4)), None)
        >>> above.shape, before.shape
        (torch.Size([2, 8, 3, 2]), torch.Size([2, 8, 3, 2]))
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.above = DownConv(channels, channels, stride=2)
        self.before = DownRightConv(channels, channels, stride=2)

    def forward(self, streams: Streams, y: Tensor | None) -> Streams:
        return self.above(streams[0]), self.before(streams[1])


class Double(nn.Module):
    """Back to a size of before: each pixel is spread over a square of four, of which it is the upper left.

    Example:
        >>> above, before = Double(8)((torch.zeros(2, 8, 3, 2), torch.zeros(2, 8, 3, 2)), torch.Size([5, 4]))
        >>> above.shape, before.shape
        (torch.Size([2, 8, 5, 4]), torch.Size([2, 8, 5, 4]))
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.above = nn.ConvTranspose2d(channels, channels, (2, 3), stride=2)
        self.before = nn.ConvTranspose2d(channels, channels, (2, 2), stride=2)

    def forward(self, streams: Streams, size: torch.Size) -> Streams:
        height, width = size
        above, before = self.above(streams[0]), self.before(streams[1])
        return above[:, :, :height, 1 : width + 1], before[:, :, :height, :width]


class PixelCNNPlusPlus(CoupledLogisticModel):
    """Images of shape (colours, height, width), given their class where `num_classes` is not zero.

    Example:
        >>> model = PixelCNNPlusPlus((3, 5, 4), num_levels=256, channels=8, num_blocks=1, num_components=2)
        >>> x = model.sample(2, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape
        (torch.Size([2, 3, 5, 4]), torch.Size([2]))
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        num_levels: int = 256,
        channels: int = 32,
        num_blocks: int = 2,
        num_scales: int = 2,
        num_components: int = 10,
        dropout: float = 0.0,
        num_classes: int = 0,
    ) -> None:
        super().__init__(image_shape, num_levels, num_components, num_classes)
        colours = image_shape[0] + 1  # one more that is 1 inside of the image
        self.first_above = DownConv(colours, channels)
        self.first_row_above = DownConv(colours, channels, (1, 3))
        self.first_left = DownRightConv(colours, channels, (2, 1))
        rest = dropout, num_classes
        there: list[nn.Module] = []
        back: list[nn.Module] = []
        for scale in range(num_scales):
            there += [Halve(channels)] if scale else []
            there += [Layer(channels, False, *rest) for _ in range(num_blocks)]
            back += [Double(channels)] if scale else []
            back += [Layer(channels, True, *rest) for _ in range(num_blocks + (scale > 0))]
        self.there, self.back = nn.ModuleList(there), nn.ModuleList(back)
        self.last = nn.Conv2d(channels, self.numbers_per_pixel, 1)

    def numbers(
        self, x: Float[Tensor, "batch colours height width"], y: Int[Tensor, " batch"] | None
    ) -> Float[Tensor, "batch numbers height width"]:
        """There and back; each layer on the way back reads its counterpart."""
        x = F.pad(x, (0, 0, 0, 0, 0, 1), value=1.0)
        above = shift(self.first_above(x), down=1)
        before = shift(self.first_row_above(x), down=1) + shift(self.first_left(x), right=1)
        streams = above, before
        passed = []
        for step in self.there:
            passed.append(streams)
            streams = step(streams, y)
        for step in self.back:
            if isinstance(step, Double):
                streams = step(streams, passed[-1][0].shape[2:])
            else:
                streams = step(streams, y, passed.pop())
        return self.last(F.elu(streams[1]))
