"""PixelRNN: Row LSTM and Diagonal BiLSTM (van den Oord et al. 2016, arXiv:1601.06759).

A convolutional LSTM sweeps over the image, and its state carries a pixel's past further than a chain of small kernels
does. With x the features of the layer below, h and c the states of one step t of the sweep, and ∗ a convolution,

    (o, f, i, g)_t = K_ss ∗ h_{t−1} + K_is ∗ x_t
    c_t = σ(f_t) ⊙ c_{t−1} + σ(i_t) ⊙ tanh(g_t),     h_t = σ(o_t) ⊙ tanh(c_t)

    Row LSTM          a step is a row; K_ss reads three pixels of the row above, K_is two of the own row, by mask B
    Diagonal BiLSTM   a step is a diagonal; K_ss reads the pixels on the left and above, K_is the own one, by mask B

What a pixel of a Row LSTM knows is a triangle above it. The Diagonal BiLSTM sweeps from both upper corners: the sweep
from the right has read the rest of the own row, so its output is moved down by one row before the two are added. Then
one layer knows all that comes before but the last pixel of the row above, which no feature of its own row has seen
and only the first convolution can reach; so that one is large. To compute a diagonal at once, each row is moved right
by its number: diagonals become columns.

States come from pixels that are complete, so that K_ss may mix the colours. A layer has half of the channels inside
and adds to what it reads; the first convolution is of type A, the last two are 1×1 and of type B.
"""

from abc import abstractmethod

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel
from dgm_course.models.autoregressive.gated_pixelcnn import HorizontalConv, shift_down
from dgm_course.models.autoregressive.masked_conv import MaskedConv2d
from dgm_course.models.autoregressive.pixelcnn import intensities, raster_order


def skew(x: Float[Tensor, "*batch height width"]) -> Float[Tensor, "*batch height diagonals"]:
    """Row r is moved right by r; a diagonal, the pixels with the same r + c, becomes a column.

    Example:
        >>> skew(torch.tensor([[1, 2, 3], [4, 5, 6]]))
        tensor([[1, 2, 3, 0],
                [0, 4, 5, 6]])
    """
    height, width = x.shape[-2:]
    return F.pad(x, (0, height)).flatten(-2)[..., :-height].unflatten(-1, (height, height + width - 1))


def unskew(x: Float[Tensor, "*batch height diagonals"]) -> Float[Tensor, "*batch height width"]:
    """Undoes `skew`.

    Example:
        >>> unskew(torch.tensor([[1, 2, 3, 0], [0, 4, 5, 6]]))
        tensor([[1, 2, 3],
                [4, 5, 6]])
    """
    height, diagonals = x.shape[-2:]
    return F.pad(x.flatten(-2), (0, height)).unflatten(-1, (height, -1))[..., : diagonals - height + 1]


def lstm(
    gates: Float[Tensor, "batch four_hidden place"], c: Float[Tensor, "batch hidden place"], num_colours: int
) -> tuple[Float[Tensor, "batch hidden place"], Float[Tensor, "batch hidden place"]]:
    """h_t and c_t; o, f, i and g lie next to each other in each colour's own block of channels.

    Example:
        >>> h, c = lstm(torch.zeros(2, 24, 5), torch.ones(2, 6, 5), num_colours=3)
        >>> h.shape, c[0, 0, 0]
        (torch.Size([2, 6, 5]), tensor(0.5000))
    """
    o, f, i, g = (part.flatten(1, 2) for part in gates.unflatten(1, (num_colours, 4, -1)).unbind(dim=2))
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


class RowSweep(nn.Module):
    """From the first row to the last.

    Example:
        >>> RowSweep(channels=8, hidden=4, num_colours=1)(torch.zeros(2, 8, 5, 6)).shape
        torch.Size([2, 4, 5, 6])
    """

    def __init__(self, channels: int, hidden: int, num_colours: int) -> None:
        super().__init__()
        self.num_colours = num_colours
        self.input_to_state = HorizontalConv("B", channels, 4 * hidden, 3, num_colours)
        self.state_to_state = nn.Conv1d(hidden, 4 * hidden, 3, padding=1, bias=False)

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch hidden height width"]:
        h = c = x.new_zeros(len(x), self.state_to_state.in_channels, x.shape[3])
        rows = []
        for from_input in self.input_to_state(x).unbind(dim=2):
            h, c = lstm(from_input + self.state_to_state(h), c, self.num_colours)
            rows.append(h)
        return torch.stack(rows, dim=2)


class DiagonalSweep(nn.Module):
    """From the upper left corner to the lower right one. Without a bias of K_ss the states left of the image stay zero.

    Example:
        >>> DiagonalSweep(channels=8, hidden=4, num_colours=1)(torch.zeros(2, 8, 5, 6)).shape
        torch.Size([2, 4, 5, 6])
    """

    def __init__(self, channels: int, hidden: int, num_colours: int) -> None:
        super().__init__()
        self.num_colours = num_colours
        self.input_to_state = MaskedConv2d("B", channels, 4 * hidden, 1, num_colours)
        self.state_to_state = nn.Conv1d(hidden, 4 * hidden, 2, bias=False)

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch hidden height width"]:
        h = c = x.new_zeros(len(x), self.state_to_state.in_channels, x.shape[2])
        diagonals = []
        for from_input in skew(self.input_to_state(x)).unbind(dim=3):
            above_and_left = self.state_to_state(F.pad(h, (1, 0)))
            h, c = lstm(from_input + above_and_left, c, self.num_colours)
            diagonals.append(h)
        return unskew(torch.stack(diagonals, dim=3))


class DiagonalSweeps(nn.Module):
    """From both upper corners; of the sweep from the right a pixel gets what the pixel above it knew.

    Example:
        >>> DiagonalSweeps(channels=8, hidden=4, num_colours=1)(torch.zeros(2, 8, 5, 6)).shape
        torch.Size([2, 4, 5, 6])
    """

    def __init__(self, channels: int, hidden: int, num_colours: int) -> None:
        super().__init__()
        self.from_left = DiagonalSweep(channels, hidden, num_colours)
        self.from_right = DiagonalSweep(channels, hidden, num_colours)

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch hidden height width"]:
        return self.from_left(x) + shift_down(self.from_right(x.flip(3)).flip(3))


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
            nn.Sequential(
                self.sweep(channels, hidden, colours), MaskedConv2d("B", hidden, channels, 1, colours)
            )
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
    def sweep(channels: int, hidden: int, num_colours: int) -> nn.Module:
        """The recurrent part of a layer."""

    def logits(
        self, x: Int[Tensor, "batch colours height width"]
    ) -> Float[Tensor, "batch colours height width levels"]:
        """K logits for each pixel and colour, in one sweep a layer."""
        h = self.first(intensities(x, self.num_levels, self.first.weight.dtype))
        for layer in self.layers:
            h = h + layer(h)
        return self.last(h).unflatten(1, (-1, self.num_levels)).movedim(2, -1)


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
