"""Gated PixelCNN: two stacks without a blind spot, a gate, and classes (van den Oord et al. 2016, arXiv:1606.05328).

    y = tanh(W_f ∗ x + V_f c) ⊙ σ(W_g ∗ x + V_g c)

The vertical stack reads whole rows: at row r its features know rows up to r, all columns alike. The horizontal stack
runs along one row and is given the vertical features of the row above by shifting them down by one. Together they
reach every pixel that comes before and no other. What flows between them flows from the vertical to the horizontal
stack only, and only downwards: without the shift a pixel would read its own row, itself and what is right of it.

The first horizontal layer is of type A and has no residual connection: what it would add is the pixel itself.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel
from dgm_course.models.autoregressive.masked_conv import MaskedConv2d, conv_mask
from dgm_course.models.autoregressive.pixelcnn import intensities, raster_order


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

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels height width"]:
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

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels height width"]:
        return F.conv2d(x, self.mask * self.weight, self.bias, padding=self.padding)


def shift_down(
    v: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch channels height width"]:
    """Each row gets the features of the row above; the first row gets zeros.

    Example:
        >>> shift_down(torch.tensor([[1, 2], [3, 4], [5, 6]])[None, None])[0, 0]
        tensor([[0, 0],
                [1, 2],
                [3, 4]])
    """
    return F.pad(v, (0, 0, 1, 0))[:, :, :-1]


def gate(
    x: Float[Tensor, "batch twice_channels height width"], num_colours: int
) -> Float[Tensor, "batch channels height width"]:
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

    def forward(
        self, v: Tensor, h: Tensor, y: Int[Tensor, " batch"] | None
    ) -> tuple[Float[Tensor, "batch channels height width"], Float[Tensor, "batch channels height width"]]:
        down = self.vertical(v)
        along = self.horizontal(h) + self.vertical_to_horizontal(shift_down(down))
        if self.label is not None:
            for_vertical, for_horizontal = self.label(y)[:, :, None, None].chunk(2, dim=1)
            down, along = down + for_vertical, along + for_horizontal
        new = self.output(gate(along, self.num_colours))
        return gate(down, self.num_colours), new if self.kind == "A" else h + new


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
        if (y is None) == (self.num_classes > 0):
            raise ValueError("labels go with num_classes: a conditional model needs y, the other takes none")
        v = h = intensities(x, self.num_levels, next(self.parameters()).dtype)
        for layer in self.layers:
            v, h = layer(v, h, y)
        return self.head(h).unflatten(1, (-1, self.num_levels)).movedim(2, -1)

    def sample(
        self,
        num_samples: int,
        *,
        y: Int[Tensor, " num_samples"] | None = None,
        generator: Generator | None = None,
    ) -> Int[Tensor, "num_samples colours height width"]:
        """Ancestral sampling, one pass for each pixel and colour; sample i is of class y_i."""
        return self.complete(*self.blank(num_samples), y=y, generator=generator)
