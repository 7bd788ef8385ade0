"""PixelCNN++ (Salimans et al. 2017, arXiv:1701.05517).

    p(x) = Π_pixels p(colours of the pixel | pixels before),     each a mixture of logistics (`coupled_logistics`)

There are two streams of features and no masks (`shifted_conv`): one knows all rows above a pixel; the other reads the
first at every layer and knows all pixels before. The network is a U: the resolution is halved by a stride of two and
doubled again by transposed convolutions, and every layer on the way back is given the features that its counterpart
had made, by a shortcut. All layers are a `GatedResidual`.

A draw runs the first stream once for each row, and the other pixel by pixel; the smaller sizes have their turn at every
other row and pixel. Weight normalisation and averaged weights, which change only the training, are left out.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.coupled_logistics import CoupledLogisticModel, Pixels
from dgm_course.models.autoregressive.gated_residual import GatedResidual
from dgm_course.models.autoregressive.shifted_conv import (
    DownConv,
    DownRightConv,
    Map,
    PieceByPiece,
    piece_by_piece,
    shift,
)

Streams: TypeAlias = tuple[Map, Map]


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


class SizeByPixel:
    """The layers of one size while an image is drawn, and those of the smaller sizes between them.

    Example:
        >>> layers = [Layer(8, False, 0.0, 0)], [Layer(8, True, 0.0, 0)]
        >>> step = SizeByPixel(*layers, batch=2, width=4)
        >>> above = step.row_above(torch.zeros(2, 8, 1, 4), None, row=0)
        >>> before = step.pixel_before(torch.zeros(2, 8, 1, 1), None, row=0, column=0)
        >>> above.shape, before.shape
        (torch.Size([2, 8, 1, 4]), torch.Size([2, 8, 1, 1]))
    """

    def __init__(self, there: Sequence[Any], back: Sequence[Any], batch: int, width: int) -> None:
        self.width = width
        self.above: list[Map] = []  # of the present row, layer by layer
        self.smaller: SizeByPixel | None = None
        halvings = [i for i, step in enumerate(there) if isinstance(step, Halve)]
        doublings = [i for i, step in enumerate(back) if isinstance(step, Double)]
        if halvings:
            down, up = halvings[0], doublings[-1]
            self.halve, self.double = piece_by_piece(there[down], batch, width), back[up]
            self.smaller = SizeByPixel(there[down + 1 :], back[:up], batch, (width + 1) // 2)
            there, back = there[:down], back[up + 1 :]
            weight = self.double.before.weight
            self.spread = weight.new_zeros(batch, weight.shape[1], 2, width + 1)
        self.there = [piece_by_piece(layer, batch, width) for layer in there]
        self.back = [piece_by_piece(layer, batch, width) for layer in back]

    def row_above(self, above: Map, y: Tensor | None, row: int) -> Map:
        """A row of the first stream; the features of every layer are kept for its pixels."""
        passed, self.above = [], []
        for layer in self.there:
            passed.append(above)
            above = layer.above(above, None, y)
            self.above.append(above)
        if self.smaller is not None:
            passed.append(above)
            half = self.halve.above(above)
            if half is not None:
                self.spread_above = self.double.above(self.smaller.row_above(half, y, row // 2))
            above = self.spread_above[:, :, [row % 2], 1 : self.width + 1]
        for layer in self.back:
            above = layer.above(above, passed.pop(), y)
            self.above.append(above)
        return above

    def pixel_before(self, before: Map, y: Tensor | None, row: int, column: int) -> Map:
        """A pixel of the second stream."""
        above, passed = iter([part[..., column : column + 1] for part in self.above]), []
        for layer in self.there:
            passed.append(before)
            before = layer.before(before, next(above), y)
        if self.smaller is not None:
            passed.append(before)
            half = self.halve.before(before)
            if half is not None:
                new = self.smaller.pixel_before(half, y, row // 2, column // 2)
                self.spread[..., column : column + 2] = self.double.before(new)
            before = self.spread[:, :, [row % 2], column : column + 1]
        for layer in self.back:
            before = layer.before(before, torch.cat([next(above), passed.pop()], dim=1), y)
        return before


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

    def pixels(self, batch: int, y: Int[Tensor, " batch"] | None) -> Pixels:
        """A row of the first stream, then its pixels in the second."""
        _, height, width = self.event_shape
        sizes = SizeByPixel(list(self.there), list(self.back), batch, width)
        first_above, first_row_above, first_left = (
            PieceByPiece(conv, batch, width)
            for conv in (self.first_above, self.first_row_above, self.first_left)
        )
        above = row_above = self.last.weight.new_zeros(batch, self.last.in_channels, 1, width)
        for row in range(height):
            sizes.row_above(above, y, row)
            left, image = torch.zeros_like(above[..., :1]), []
            for column in range(width):
                h = sizes.pixel_before(row_above[..., column : column + 1] + left, y, row, column)
                pixel = yield self.last(F.elu(h))[:, :, 0, 0]
                image.append(F.pad(pixel[:, :, None, None], (0, 0, 0, 0, 0, 1), value=1.0))
                left = first_left(image[-1])
            above, row_above = (conv(torch.cat(image, dim=3)) for conv in (first_above, first_row_above))
