"""RealNVP on images: checkerboards, squeezes, several scales (Dinh, Sohl-Dickstein & Bengio 2017, arXiv:1605.08803).

**Squeeze**: each 2×2 block of pixels becomes one site with four times the channels, (c, h, w) → (4c, h/2, w/2). It only
reorders numbers: log_det = 0.

**Checkerboard**: one colour of the board stays, the other changes. On the squeezed image the colours are channels, two
of the four places of each block, so this is a channel coupling between a squeeze and its undoing, and the network sees
and makes only the half that is needed. (The paper convolves over the whole board with one colour set to zero.)

**Factor out**: after a few layers half of the channels is declared latent, and only the other half goes on:

    z_1, h_1 = f_1(x);   z_2, h_2 = f_2(h_1);   …;   log p(x) = Σ_i log N(z_i; 0, I) + Σ_i log |det ∂f_i|

Deep layers are then cheap, and what is left for them is the coarse content of the image.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dgm_course.models.flows.base import Chain, Flow, Layer
from dgm_course.models.flows.coupling import AffineCoupling


class Squeeze(Layer):
    """Blocks of 2×2 pixels become channels; the four places of one channel lie next to each other.

    Example:
        >>> Squeeze().inverse(torch.arange(4.0).view(1, 1, 2, 2))[0].flatten()
        tensor([0., 1., 2., 3.])
    """

    def forward(
        self, z: Float[Tensor, "batch 4*channels height/2 width/2"]
    ) -> tuple[Float[Tensor, "batch channels height width"], Float[Tensor, " batch"]]:
        return F.pixel_shuffle(z, 2), z.new_zeros(len(z))

    def inverse(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch 4*channels height/2 width/2"], Float[Tensor, " batch"]]:
        return F.pixel_unshuffle(x, 2), x.new_zeros(len(x))


class Checkerboard(Layer):
    """A coupling between the two colours of a checkerboard; the first has the upper left pixel.

    `coupling` works on (2·2c, h/2, w/2), the first 2c channels of which are the first colour.

    Example:
        >>> layer = Checkerboard(AffineCoupling(convolutions(2, 8, 4)))
        >>> x, log_det = layer(torch.randn(5, 1, 4, 4))
        >>> x.shape, log_det.shape
        (torch.Size([5, 1, 4, 4]), torch.Size([5]))
    """

    def __init__(self, coupling: Layer) -> None:
        super().__init__()
        self.coupling = coupling

    def forward(
        self, z: Float[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch channels height width"], Float[Tensor, " batch"]]:
        x, log_det = self.coupling(self._by_colour(z))
        return self._board(x), log_det

    def inverse(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch channels height width"], Float[Tensor, " batch"]]:
        z, log_det = self.coupling.inverse(self._by_colour(x))
        return self._board(z), log_det

    @staticmethod
    def _by_colour(x: Tensor) -> Tensor:
        """Places 0 and 3 of each block are of the first colour, 1 and 2 of the second."""
        return F.pixel_unshuffle(x, 2).unflatten(1, (-1, 4))[:, :, [0, 3, 1, 2]].transpose(1, 2).flatten(1, 2)

    @staticmethod
    def _board(x: Tensor) -> Tensor:
        return F.pixel_shuffle(x.unflatten(1, (4, -1)).transpose(1, 2)[:, :, [0, 2, 3, 1]].flatten(1, 2), 2)


class Multiscale(Layer):
    """Levels, the one next to the data first; after each but the last, half of the channels is factored out.

    A level maps (c, h, w) to twice as many channels after factoring and half the sides, by way of a squeeze; the last
    one keeps its shape. The latents, finest first, are laid out in the shape of the data.

    Example:
        >>> layer = Multiscale([Squeeze(), Chain([])], event_shape=(1, 2, 2))
        >>> layer.inverse(torch.arange(4.0).view(1, 1, 2, 2))[0].flatten()
        tensor([2., 3., 0., 1.])
    """

    def __init__(self, levels: Sequence[Layer], event_shape: Sequence[int]) -> None:
        super().__init__()
        self.levels: Any = nn.ModuleList(levels)
        c, h, w = event_shape
        last = len(levels) - 1
        self.shapes = [(c << i, h >> i, w >> i) for i in (*range(1, last + 1), last)]

    def forward(
        self, z: Float[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch channels height width"], Float[Tensor, " batch"]]:
        parts = z.flatten(1).split([c * h * w for c, h, w in self.shapes], dim=1)
        *fine, h = (part.unflatten(1, shape) for part, shape in zip(parts, self.shapes, strict=True))
        h, total = self.levels[-1](h)
        for level, part in zip(reversed(self.levels[:-1]), reversed(fine), strict=True):
            h, log_det = level(torch.cat([h, part], dim=1))
            total = total + log_det
        return h, total

    def inverse(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch channels height width"], Float[Tensor, " batch"]]:
        parts, total, h = [], x.new_zeros(len(x)), x
        for level in self.levels[:-1]:
            h, log_det = level.inverse(h)
            h, part = h.chunk(2, dim=1)
            parts.append(part.flatten(1))
            total = total + log_det
        h, log_det = self.levels[-1].inverse(h)
        return torch.cat([*parts, h.flatten(1)], dim=1).view_as(x), total + log_det

    def initialize(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        h = x
        for level in self.levels:
            h = level.initialize(h).chunk(2, dim=1)[0]
        return self.inverse(x)[0]


def convolutions(num_inputs: int, channels: int, num_outputs: int) -> nn.Sequential:
    """Glow's network, 3×3 → 1×1 → 3×3, which begins by saying zero.

    Example:
        >>> convolutions(2, 8, 4)(torch.ones(5, 2, 6, 6)).shape
        torch.Size([5, 4, 6, 6])
    """
    last = nn.Conv2d(channels, num_outputs, 3, padding=1)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)  # type: ignore[arg-type]
    return nn.Sequential(
        nn.Conv2d(num_inputs, channels, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(channels, channels, 1),
        nn.ReLU(),
        last,
    )


class MultiscaleRealNVP(Flow):
    """Each level but the last: three checkerboard couplings, a squeeze, three channel couplings, factoring out.

    The last level has four channel couplings, where the paper has checkerboards. Height and width are multiples of
    2^(num_scales − 1).

    Example:
        >>> model = MultiscaleRealNVP((1, 8, 8), num_scales=3, channels=8)
        >>> x = model.sample(5, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape, model.encode(x).shape
        (torch.Size([5, 1, 8, 8]), torch.Size([5]), torch.Size([5, 1, 8, 8]))
    """

    def __init__(self, event_shape: Sequence[int], num_scales: int = 3, channels: int = 32) -> None:
        c = event_shape[0]
        levels: list[Layer] = []
        for _ in range(num_scales - 1):
            over_channels = [_coupling(4 * c, channels, flip) for flip in (False, True, False)]
            boards = [Checkerboard(_coupling(4 * c, channels, flip)) for flip in (False, True, False)]
            levels.append(Chain([*over_channels, Squeeze(), *boards]))
            c *= 2
        levels.append(Chain([_coupling(c, channels, flip) for flip in (False, True, False, True)]))
        super().__init__([Multiscale(levels, event_shape)], event_shape)


def _coupling(num_channels: int, channels: int, flip: bool) -> AffineCoupling:
    return AffineCoupling(convolutions(num_channels // 2, channels, num_channels), flip)
