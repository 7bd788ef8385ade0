"""PixelSNAIL (Chen et al. 2018, arXiv:1712.09763).

    Attention(Q, K, V) = softmax(Q Kᵀ / √d + M) V,     M_ts = 0 if s < t, −∞ otherwise

Convolutions know what is near in detail, and attention reaches any pixel of the past in one step: a block is a few
residual layers of moved kernels, after which each pixel asks all pixels before it. Queries are made from features;
keys and values also from the image itself. The key of a pixel has seen the pixel, so the past is strict, s < t, where
the Transformer, whose symbols are moved by one, has s ≤ t. The first pixel has nobody to ask, and is told zero. All
are told where they are, by their row and column.

One stream of moved kernels is enough: what is above and to the right, which they leave out, is reached by attention.
The output is a mixture for each pixel (`coupled_logistics`).

A draw keeps what the moved kernels have read, and the keys and values of the pixels before: each pixel asks once.
"""

from functools import partial

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

each_pixel = partial(nn.Conv2d, kernel_size=1)


def places(height: int, width: int) -> Float[Tensor, "1 two height width"]:
    """The row and the column of each pixel, from −1 to 1.

    Example:
        >>> places(1, 3)[0, 1]
        tensor([[-1.,  0.,  1.]])
    """
    rows, columns = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij")).unsqueeze(0)


def attend_to_past(
    queries: Float[Tensor, "batch time dims"],
    keys: Float[Tensor, "batch time dims"],
    values: Float[Tensor, "batch time channels"],
) -> Float[Tensor, "batch time channels"]:
    """A mean of the values before each time, weighted by how well their keys fit its query.

    Example:
        >>> q = k = torch.zeros(1, 3, 4)
        >>> attend_to_past(q, k, torch.tensor([[[2.0], [4.0], [8.0]]]))[0, :, 0]
        tensor([0., 2., 3.])
    """
    time, dims = queries.shape[1:]
    past = torch.ones(time - 1, time, dtype=torch.bool, device=queries.device).tril()
    scores = queries[:, 1:] @ keys.mT / dims**0.5
    weights = scores.masked_fill(~past, -torch.inf).softmax(dim=-1)
    return F.pad(weights @ values, (0, 0, 1, 0))


class Block(nn.Module):
    """Residual layers, attention, and a layer at each pixel that takes in what was attended to.

    Example:
        >>> block = Block(channels=8, colours=3, num_layers=1, dims=4)
        >>> image, h = torch.zeros(2, 3, 5, 4), torch.zeros(2, 8, 5, 4)
        >>> block(image, h, places(5, 4), None).shape
        torch.Size([2, 8, 5, 4])
    """

    def __init__(
        self,
        channels: int,
        colours: int,
        num_layers: int,
        dims: int,
        dropout: float = 0.0,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        self.dims, self.channels = dims, channels
        rest = dropout, num_classes
        self.layers = nn.ModuleList(
            GatedResidual(channels, DownRightConv, 0, *rest) for _ in range(num_layers)
        )
        asked, told = channels + 2, channels + 2 + colours
        self.query = nn.Sequential(GatedResidual(asked, each_pixel), each_pixel(asked, dims))
        self.key_and_value = nn.Sequential(
            GatedResidual(told, each_pixel), each_pixel(told, dims + channels // 2)
        )
        self.take_in = GatedResidual(channels, each_pixel, channels // 2, *rest)

    def forward(
        self,
        image: Float[Tensor, "batch colours height width"],
        h: Map,
        place: Float[Tensor, "1 two height width"],
        y: Int[Tensor, " batch"] | None,
    ) -> Map:
        h = self.near(h, y)
        query, told = self.ask(h, place), self.tell(image, h, place)
        attended = attend_to_past(query, told[..., : self.dims], told[..., self.dims :])
        return self.take_in(h, attended.mT.unflatten(2, h.shape[2:]), y)

    def near(self, h: Map, y: Int[Tensor, " batch"] | None) -> Map:
        """What the moved kernels make of the neighbourhood."""
        for layer in self.layers:
            h = layer(h, None, y)
        return h

    def ask(self, h: Map, place: Float[Tensor, "1 two height width"]) -> Float[Tensor, "batch time dims"]:
        """The queries of the pixels in raster order."""
        return self.query(torch.cat([h, place.expand(len(h), -1, -1, -1)], dim=1)).flatten(2).mT

    def tell(
        self,
        image: Float[Tensor, "batch colours height width"],
        h: Map,
        place: Float[Tensor, "1 two height width"],
    ) -> Float[Tensor, "batch time dims_and_channels"]:
        """Their keys and values."""
        seen = torch.cat([image, h, place.expand(len(h), -1, -1, -1)], dim=1)
        return self.key_and_value(seen).flatten(2).mT


class PixelSNAIL(CoupledLogisticModel):
    """Images of shape (colours, height, width), given their class where `num_classes` is not zero.

    Example:
        >>> model = PixelSNAIL((3, 5, 4), num_levels=256, channels=8, num_blocks=1, num_components=2)
        >>> x = model.sample(2, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape
        (torch.Size([2, 3, 5, 4]), torch.Size([2]))
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        num_levels: int = 256,
        channels: int = 32,
        num_blocks: int = 3,
        num_layers: int = 2,
        dims: int = 16,
        num_components: int = 10,
        dropout: float = 0.0,
        num_classes: int = 0,
    ) -> None:
        super().__init__(image_shape, num_levels, num_components, num_classes)
        colours = image_shape[0]
        self.first_row_above = DownConv(
            colours + 1, channels, (1, 3)
        )  # one more colour, 1 inside of the image
        self.first_left = DownRightConv(colours + 1, channels, (2, 1))
        self.blocks = nn.ModuleList(
            Block(channels, colours, num_layers, dims, dropout, num_classes) for _ in range(num_blocks)
        )
        self.last = nn.Conv2d(channels, self.numbers_per_pixel, 1)

    def numbers(
        self, x: Float[Tensor, "batch colours height width"], y: Int[Tensor, " batch"] | None
    ) -> Float[Tensor, "batch numbers height width"]:
        """Block after block."""
        with_edges = F.pad(x, (0, 0, 0, 0, 0, 1), value=1.0)
        h = shift(self.first_row_above(with_edges), down=1) + shift(self.first_left(with_edges), right=1)
        place = places(*x.shape[2:]).to(x)
        for block in self.blocks:
            h = block(x, h, place, y)
        return self.last(F.elu(h))

    def pixels(self, batch: int, y: Int[Tensor, " batch"] | None) -> Pixels:
        """Each block keeps what its moved kernels read, and the keys and values of all pixels before."""
        _, height, width = self.event_shape
        blocks = [piece_by_piece(block, batch, width) for block in self.blocks if isinstance(block, Block)]
        first_row_above, first_left = (
            PieceByPiece(conv, batch, width) for conv in (self.first_row_above, self.first_left)
        )
        weight, place = self.last.weight, places(height, width).to(self.last.weight)
        told = [weight.new_zeros(batch, 0, block.dims + block.channels // 2) for block in blocks]
        row_above = weight.new_zeros(batch, self.last.in_channels, 1, width)
        for row in range(height):
            left, image = torch.zeros_like(row_above[..., :1]), []
            for column in range(width):
                h, near = row_above[..., column : column + 1] + left, []
                here = place[:, :, row : row + 1, column : column + 1]
                for block, past in zip(blocks, told, strict=True):
                    near.append(block.near(h, y))
                    keys, values = past.tensor_split([block.dims], dim=2)
                    weights = (block.ask(near[-1], here) @ keys.mT / block.dims**0.5).softmax(dim=-1)
                    h = block.take_in(near[-1], (weights @ values).mT.unsqueeze(3), y)
                pixel = (yield self.last(F.elu(h))[:, :, 0, 0])[:, :, None, None]
                for i, block in enumerate(blocks):
                    told[i] = torch.cat([told[i], block.tell(pixel, near[i], here)], dim=1)
                image.append(F.pad(pixel, (0, 0, 0, 0, 0, 1), value=1.0))
                left = first_left(image[-1])
            row_above = first_row_above(torch.cat(image, dim=3))
