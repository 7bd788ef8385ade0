"""Gated PixelCNN: two stacks without a blind spot, a gate, and classes (van den Oord et al. 2016, arXiv:1606.05328).

    y = tanh(W_f ∗ x + V_f c) ⊙ σ(W_g ∗ x + V_g c)

The vertical stack reads whole rows: at row r its features know rows up to r, all columns alike. The horizontal stack
runs along one row and is given the vertical features of the row above by shifting them down by one. Together they
reach every pixel that comes before and no other. What flows between them flows from the vertical to the horizontal
stack only, and only downwards: without the shift a pixel would read its own row, itself and what is right of it.

The first horizontal layer is of type A and has no residual connection: what it would add is the pixel itself.

A draw runs the vertical stack once for each finished row, and the horizontal one pixel by pixel.
"""

from functools import partial
from itertools import product
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk, require_labels
from dgm_course.models.autoregressive.masked_conv import MaskedConv2d, PixelByPixel, conv_mask
from dgm_course.models.autoregressive.raster import intensities, raster_order
from dgm_course.models.autoregressive.shifted_conv import Map, shift

shift_down = partial(shift, down=1)  # each row gets the features of the row above, the first one zeros


class VerticalConv(nn.Conv2d):
    """Reads k columns of the own row and of the (k − 1) / 2 rows above it.

    Example:
        >>> layer = VerticalConv(1, 8, kernel_size=5)
        >>> layer.weight.shape, layer(torch.zeros(2, 1, 5, 4)).shape
        (torch.Size([8, 1, 3, 5]), torch.Size([2, 8, 5, 4]))
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__(in_channels, out_channels, (kernel_size // 2 + 1, kernel_size))
        self.reach = kernel_size // 2

    def forward(self, x: Map) -> Map:
        return super().forward(F.pad(x, (self.reach, self.reach, self.reach, 0)))


class HorizontalConv(nn.Conv2d):
    """Reads the own row up to the own pixel, which the colours of type A or B decide about.

    Example:
        >>> layer = HorizontalConv("A", 1, 8, kernel_size=3, num_colours=1)
        >>> layer.mask[0, 0].int(), layer(torch.zeros(2, 1, 5, 4)).shape
        (tensor([[1, 0, 0]], dtype=torch.int32), torch.Size([2, 8, 5, 4]))
    """

    mask: Tensor

    def __init__(
        self, kind: Literal["A", "B"], in_channels: int, out_channels: int, kernel_size: int, num_colours: int
    ) -> None:
        super().__init__(in_channels, out_channels, (1, kernel_size), padding=(0, kernel_size // 2))
        centre = kernel_size // 2
        mask = conv_mask(kind, in_channels, out_channels, kernel_size, num_colours)
        self.register_buffer("mask", mask[:, :, centre : centre + 1])

    def forward(self, x: Map) -> Map:
        return F.conv2d(x, self.mask * self.weight, self.bias, padding=self.padding)


def gate(x: Map, num_colours: int) -> Map:
    """tanh(a) ⊙ σ(b), where a and b are the halves of each colour's own block of channels.

    Example:
        >>> gate(torch.zeros(2, 12, 5, 4), num_colours=3).shape
        torch.Size([2, 6, 5, 4])
    """
    a, b = x.unflatten(1, (num_colours, 2, -1)).unbind(dim=2)
    return (torch.tanh(a) * torch.sigmoid(b)).flatten(1, 2)


class GatedLayer(nn.Module):
    """(v, h) -> (v, h): one step of both stacks.

    Example:
        >>> layer = GatedLayer("A", 1, 8, kernel_size=3, num_colours=1, num_classes=10)
        >>> x = torch.zeros(2, 1, 5, 4)
        >>> v, h = layer(x, x, torch.tensor([3, 7]))
        >>> v.shape, h.shape
        (torch.Size([2, 8, 5, 4]), torch.Size([2, 8, 5, 4]))
    """

    def __init__(
        self,
        kind: Literal["A", "B"],
        in_channels: int,
        channels: int,
        kernel_size: int,
        num_colours: int,
        num_classes: int,
    ) -> None:
        super().__init__()
        self.kind, self.num_colours = kind, num_colours
        self.vertical = VerticalConv(in_channels, 2 * channels, kernel_size)
        self.vertical_to_horizontal = nn.Conv2d(2 * channels, 2 * channels, 1)
        self.horizontal = HorizontalConv(kind, in_channels, 2 * channels, kernel_size, num_colours)
        self.output = MaskedConv2d("B", channels, channels, 1, num_colours)
        self.label = nn.Embedding(num_classes, 4 * channels) if num_classes else None

    def forward(self, v: Map, h: Map, y: Int[Tensor, " batch"] | None) -> tuple[Map, Map]:
        down = self.vertical(v)
        along = self.horizontal(h) + self.vertical_to_horizontal(shift_down(down))
        if self.label is not None:
            for_vertical, for_horizontal = self.label(y)[:, :, None, None].chunk(2, dim=1)
            down, along = down + for_vertical, along + for_horizontal
        new = self.output(gate(along, self.num_colours))
        return gate(down, self.num_colours), new if self.kind == "A" else h + new


class LayerByPixel:
    """A layer while an image is drawn: its horizontal stack at one pixel after another, the vertical one row by row.

    Example:
        >>> layer = GatedLayer("A", 1, 8, kernel_size=3, num_colours=1, num_classes=0)
        >>> step = LayerByPixel(layer, None, batch=2, height=5, width=4)
        >>> h, v = step.pixel(torch.zeros(2, 1), row=0, column=0), step.row(torch.zeros(2, 1, 1, 4), row=0)
        >>> h.shape, v.shape
        (torch.Size([2, 8]), torch.Size([2, 8, 1, 4]))
    """

    def __init__(
        self, layer: GatedLayer, y: Int[Tensor, " batch"] | None, batch: int, height: int, width: int
    ) -> None:
        self.layer = layer
        self.horizontal = PixelByPixel(layer.horizontal, batch, height, width)
        self.output = PixelByPixel(layer.output, batch, height, width)
        conv = layer.vertical
        self.read = conv.weight.new_zeros(
            batch, conv.in_channels, height + conv.reach, width + 2 * conv.reach
        )
        nothing = conv.weight.new_zeros(batch, conv.out_channels, 1, width)
        self.above = layer.vertical_to_horizontal(nothing)
        self.labels = nothing[..., :1], nothing[:, :, 0, 0]
        if layer.label is not None:
            for_vertical, for_horizontal = layer.label(y).chunk(2, dim=1)
            self.labels = for_vertical[:, :, None, None], for_horizontal

    def pixel(
        self, h: Float[Tensor, "batch in_channels"], row: int, column: int
    ) -> Float[Tensor, "batch channels"]:
        """The horizontal features of a pixel."""
        along = self.horizontal(h, row, column) + self.above[:, :, 0, column] + self.labels[1]
        new = self.output(gate(along, self.layer.num_colours), row, column)
        return new if self.layer.kind == "A" else h + new

    def row(
        self, v: Float[Tensor, "batch in_channels 1 width"], row: int
    ) -> Float[Tensor, "batch channels 1 width"]:
        """The vertical features of a row that is complete, which the pixels of the next one are given."""
        conv = self.layer.vertical
        reach, width = conv.reach, v.shape[-1]
        self.read[:, :, row + reach, reach : reach + width] = v[:, :, 0]
        down = F.conv2d(self.read[:, :, row : row + reach + 1], conv.weight, conv.bias)
        self.above = self.layer.vertical_to_horizontal(down)
        return gate(down + self.labels[0], self.layer.num_colours)


class GatedPixelCNN(AutoregressiveModel):
    """Images of shape (colours, height, width), given their class where `num_classes` is not zero.

    Example:
        >>> model = GatedPixelCNN((1, 4, 4), channels=8, num_layers=2, num_classes=10)
        >>> y = torch.tensor([3, 7])
        >>> x = model.sample(2, y=y, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x, y).shape
        (torch.Size([2, 1, 4, 4]), torch.Size([2]))
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        num_levels: int = 2,
        channels: int = 32,
        num_layers: int = 5,
        kernel_size: int = 3,
        num_classes: int = 0,
    ) -> None:
        super().__init__(image_shape, num_levels, raster_order(*image_shape))
        colours = image_shape[0]
        self.num_classes = num_classes
        sizes = [colours] + [channels] * (num_layers - 1)
        self.layers = nn.ModuleList(
            GatedLayer("B" if i else "A", size, channels, kernel_size, colours, num_classes)
            for i, size in enumerate(sizes)
        )
        self.head = nn.Sequential(
            nn.ReLU(),
            MaskedConv2d("B", channels, channels, 1, colours),
            nn.ReLU(),
            MaskedConv2d("B", channels, colours * num_levels, 1, colours),
        )

    def logits(
        self, x: Int[Tensor, "batch colours height width"], y: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch colours height width levels"]:
        """K logits for each pixel and colour, in one pass."""
        require_labels(y, self.num_classes)
        v = h = intensities(x, self.num_levels, next(self.parameters()).dtype)
        for layer in self.layers:
            v, h = layer(v, h, y)
        return self.head(h).unflatten(1, (-1, self.num_levels)).movedim(2, -1)

    def walk(self, batch: int, y: Int[Tensor, " batch"] | None = None) -> Walk:
        """Pixel by pixel along a row, then the vertical stack once over the finished row."""
        require_labels(y, self.num_classes)
        colours, height, width = self.event_shape
        size = batch, height, width
        layers = [LayerByPixel(layer, y, *size) for layer in self.layers if isinstance(layer, GatedLayer)]
        head = [PixelByPixel(conv, *size) for conv in self.head if isinstance(conv, MaskedConv2d)]
        for row in range(height):
            pixels = layers[0].read.new_zeros(batch, colours, 1, width)
            for column, colour in product(range(width), range(colours)):
                h = pixels[:, :, 0, column]
                for layer in layers:
                    h = layer.pixel(h, row, column)
                for conv in head:
                    h = conv(F.relu(h), row, column)
                value = yield h.unflatten(1, (colours, -1))[:, colour]
                pixels[:, colour, 0, column] = intensities(value, self.num_levels, pixels.dtype)
                layers[0].horizontal.keep(pixels[:, :, 0, column], row, column)
            v = pixels
            for layer in layers:
                v = layer.row(v, row)
