"""PixelRNN: Row LSTM and Diagonal BiLSTM (van den Oord et al. 2016, arXiv:1601.06759).

    p(x) = Π_{row, column, colour} Cat(x_rcg | everything before in raster order)

A convolutional LSTM sweeps over the image (`lstm_sweeps`), and its state carries a pixel's past further than a chain of
small kernels does. What a pixel of a Row LSTM knows is a triangle above it. The Diagonal BiLSTM sweeps from both upper
corners: the sweep from the right has read the rest of the own row, so its output is moved down by one row before the
two are added. Then one layer knows all that comes before but the last pixel of the row above, which no feature of its
own row has seen and only the first convolution can reach; so that one is large.

A layer has half of the channels inside and adds to what it reads; the first convolution is of type A, the last two are
1×1 and of type B.
"""

from abc import abstractmethod
from itertools import product

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk
from dgm_course.models.autoregressive.lstm_sweeps import DiagonalSweeps, RowSweep
from dgm_course.models.autoregressive.masked_conv import MaskedConv2d, PixelByPixel
from dgm_course.models.autoregressive.raster import intensities, raster_order

Sweep = RowSweep | DiagonalSweeps


class Layer(nn.Module):
    """A sweep with half of the channels, widened and added to what it read.

    Example:
        >>> layer = Layer(RowSweep(8, hidden=4, num_colours=1), MaskedConv2d("B", 4, 8, kernel_size=1))
        >>> layer(torch.zeros(2, 8, 5, 6)).shape
        torch.Size([2, 8, 5, 6])
    """

    def __init__(self, sweep: Sweep, widen: MaskedConv2d) -> None:
        super().__init__()
        self.sweep, self.widen = sweep, widen

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        return x + self.widen(self.sweep(x))


class PixelRNN(AutoregressiveModel):
    """Images of shape (colours, height, width) with K levels; `channels` must be a multiple of 2 × colours."""

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        num_levels: int = 2,
        channels: int = 32,
        num_layers: int = 3,
        first_kernel: int = 7,
    ) -> None:
        super().__init__(image_shape, num_levels, raster_order(*image_shape))
        colours, hidden = image_shape[0], channels // 2
        self.first = MaskedConv2d("A", colours, channels, first_kernel, colours)
        self.layers = nn.ModuleList(
            Layer(self.sweep(channels, hidden, colours), MaskedConv2d("B", hidden, channels, 1, colours))
            for _ in range(num_layers)
        )
        self.last = nn.Sequential(
            nn.ReLU(),
            MaskedConv2d("B", channels, channels, 1, colours),
            nn.ReLU(),
            MaskedConv2d("B", channels, colours * num_levels, 1, colours),
        )

    @staticmethod
    @abstractmethod
    def sweep(channels: int, hidden: int, num_colours: int) -> Sweep:
        """The recurrent part of a layer."""

    def logits(
        self, x: Int[Tensor, "batch colours height width"]
    ) -> Float[Tensor, "batch colours height width levels"]:
        """K logits for each pixel and colour, in one sweep a layer."""
        h = self.first(intensities(x, self.num_levels, self.first.weight.dtype))
        for layer in self.layers:
            h = layer(h)
        return self.last(h).unflatten(1, (-1, self.num_levels)).movedim(2, -1)

    def walk(self, batch: int) -> Walk:
        """Pixel by pixel, and colour by colour in each; every sweep keeps the states of the pixels before."""
        colours, height, width = self.event_shape
        size = batch, height, width
        first = PixelByPixel(self.first, *size)
        layers = [
            (layer.sweep.by_pixel(*size), PixelByPixel(layer.widen, *size))
            for layer in self.layers
            if isinstance(layer, Layer)
        ]
        last = [PixelByPixel(conv, *size) for conv in self.last if isinstance(conv, MaskedConv2d)]
        for at in product(range(height), range(width)):
            pixel = self.first.weight.new_zeros(batch, colours)
            for colour in range(colours):
                h = first(pixel, *at)
                for sweep, widen in layers:
                    h = h + widen(sweep(h, *at), *at)
                for conv in last:
                    h = conv(torch.relu(h), *at)
                value = yield h.unflatten(1, (colours, -1))[:, colour]
                pixel[:, colour] = intensities(value, self.num_levels, pixel.dtype)
            first.keep(pixel, *at)


class RowLSTM(PixelRNN):
    """Row by row: as many steps as the image has rows.

    Example:
        >>> model = RowLSTM((3, 4, 4), num_levels=5, channels=12, num_layers=1)
        >>> x = torch.randint(5, (2, 3, 4, 4), generator=torch.Generator().manual_seed(0))
        >>> model.logits(x).shape, model.log_prob(x).shape
        (torch.Size([2, 3, 4, 4, 5]), torch.Size([2]))
    """

    sweep = staticmethod(RowSweep)


class DiagonalBiLSTM(PixelRNN):
    """Diagonal by diagonal, from both sides, with any number of layers in one pass over the diagonals each.

    Example:
        >>> model = DiagonalBiLSTM((1, 4, 4), channels=8, num_layers=1)
        >>> x = model.sample(2, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape
        (torch.Size([2, 1, 4, 4]), torch.Size([2]))
    """

    sweep = staticmethod(DiagonalSweeps)
