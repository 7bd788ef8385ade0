"""PixelCNN (van den Oord et al. 2016, arXiv:1601.06759).

    p(x) = Π_{row, column, colour} Cat(x_rcg | everything before in raster order)

A masked convolution of type A reads the image, residual blocks of type B deepen it, and 1×1 convolutions end in K
logits for each pixel and colour. The mask of a stack of small kernels leaves a blind spot: pixels above and to the
right that come before but that no chain of kernels can reach. `gated_pixelcnn` removes it.

A draw remembers the features of the pixels before: a new pixel costs one pixel, not a pass over the image.
"""

from itertools import product

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk
from dgm_course.models.autoregressive.masked_conv import MaskedConv2d, PixelByPixel
from dgm_course.models.autoregressive.raster import intensities, raster_order


class ResidualBlock(nn.Module):
    """h + (1×1 ∘ 3×3 ∘ 1×1)(h) with half the channels inside; every layer is of type B.

    Example:
        >>> block = ResidualBlock(channels=12, kernel_size=3, num_colours=3)
        >>> block(torch.zeros(2, 12, 5, 4)).shape
        torch.Size([2, 12, 5, 4])
    """

    def __init__(self, channels: int, kernel_size: int, num_colours: int) -> None:
        super().__init__()
        self.narrow = MaskedConv2d("B", channels, channels // 2, 1, num_colours)
        self.conv = MaskedConv2d("B", channels // 2, channels // 2, kernel_size, num_colours)
        self.widen = MaskedConv2d("B", channels // 2, channels, 1, num_colours)

    def forward(
        self, h: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        return h + self.widen(torch.relu(self.conv(torch.relu(self.narrow(torch.relu(h))))))


class PixelCNN(AutoregressiveModel):
    """Images of shape (colours, height, width) with K levels; `channels` must be a multiple of 2 × colours.

    Example:
        >>> model = PixelCNN((3, 4, 4), num_levels=5, channels=12, num_blocks=1)
        >>> x = torch.randint(5, (2, 3, 4, 4), generator=torch.Generator().manual_seed(0))
        >>> model.logits(x).shape, model.log_prob(x).shape
        (torch.Size([2, 3, 4, 4, 5]), torch.Size([2]))
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        num_levels: int = 2,
        channels: int = 32,
        num_blocks: int = 4,
        first_kernel: int = 7,
        kernel_size: int = 3,
    ) -> None:
        super().__init__(image_shape, num_levels, raster_order(*image_shape))
        colours = image_shape[0]
        self.first = MaskedConv2d("A", colours, channels, first_kernel, colours)
        self.blocks = nn.Sequential(
            *(ResidualBlock(channels, kernel_size, colours) for _ in range(num_blocks))
        )
        self.last = nn.Sequential(
            nn.ReLU(),
            MaskedConv2d("B", channels, channels, 1, colours),
            nn.ReLU(),
            MaskedConv2d("B", channels, colours * num_levels, 1, colours),
        )

    def logits(
        self, x: Int[Tensor, "batch colours height width"]
    ) -> Float[Tensor, "batch colours height width levels"]:
        """K logits for each pixel and colour, in one pass."""
        h = self.first(intensities(x, self.num_levels, self.first.weight.dtype))
        logits = self.last(self.blocks(h))
        return logits.unflatten(1, (-1, self.num_levels)).movedim(2, -1)

    def walk(self, batch: int) -> Walk:
        """Pixel by pixel, and colour by colour in each; every layer remembers what it has read."""
        colours, height, width = self.event_shape
        size = batch, height, width
        first = PixelByPixel(self.first, *size)
        blocks = [
            [PixelByPixel(conv, *size) for conv in block.children() if isinstance(conv, MaskedConv2d)]
            for block in self.blocks
        ]
        last = [PixelByPixel(conv, *size) for conv in self.last if isinstance(conv, MaskedConv2d)]
        for at in product(range(height), range(width)):
            pixel = self.first.weight.new_zeros(batch, colours)
            for colour in range(colours):
                h = first(pixel, *at)
                for narrow, conv, widen in blocks:
                    h = h + widen(torch.relu(conv(torch.relu(narrow(torch.relu(h), *at)), *at)), *at)
                for conv in last:
                    h = conv(torch.relu(h), *at)
                value = yield h.unflatten(1, (colours, -1))[:, colour]
                pixel[:, colour] = intensities(value, self.num_levels, pixel.dtype)
            first.keep(pixel, *at)
