"""Convolutional LSTMs that sweep over an image (van den Oord et al. 2016, arXiv:1601.06759).

With x the features of the layer below, h and c the states of one step t of the sweep, and ∗ a convolution,

    (o, f, i, g)_t = K_ss ∗ h_{t−1} + K_is ∗ x_t
    c_t = σ(f_t) ⊙ c_{t−1} + σ(i_t) ⊙ tanh(g_t),     h_t = σ(o_t) ⊙ tanh(c_t)

    rows         K_ss reads three pixels of the row above, K_is two of the own row, by mask B
    diagonals    K_ss reads the pixels above and on the left, K_is the own one, by mask B

States come from pixels that are complete, so that K_ss may mix the colours. To compute a diagonal at once, each row is
moved right by its number: diagonals become columns. While an image is drawn it grows pixel by pixel: then the states
of all pixels before are kept, and a new pixel reads those of its neighbours.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dgm_course.models.autoregressive.gated_pixelcnn import HorizontalConv, shift_down
from dgm_course.models.autoregressive.masked_conv import MaskedConv2d, PixelByPixel


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
    gates: Float[Tensor, "batch four_hidden *place"],
    c: Float[Tensor, "batch hidden *place"],
    num_colours: int,
) -> tuple[Float[Tensor, "batch hidden *place"], Float[Tensor, "batch hidden *place"]]:
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

    reads = (-1, -1), (-1, 0), (-1, 1)  # rows down and columns right, to the pixels whose h is read
    keeps = -1, 0  # … whose c is kept

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

    def by_pixel(self, batch: int, height: int, width: int) -> "SweepByPixel":
        return SweepByPixel(self, batch, height, width)


class DiagonalSweep(nn.Module):
    """From the upper left corner to the lower right one. Without a bias of K_ss the states left of the image stay zero.

    Example:
        >>> DiagonalSweep(channels=8, hidden=4, num_colours=1)(torch.zeros(2, 8, 5, 6)).shape
        torch.Size([2, 4, 5, 6])
    """

    reads = (-1, 0), (0, -1)
    keeps = 0, -1

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

    def by_pixel(self, batch: int, height: int, width: int) -> "SweepByPixel":
        return SweepByPixel(self, batch, height, width)


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

    def by_pixel(self, batch: int, height: int, width: int) -> "SweepsByPixel":
        return SweepsByPixel(self, batch, height, width)


class SweepByPixel:
    """A sweep at one pixel after another.

    Example:
        >>> step = RowSweep(channels=8, hidden=4, num_colours=1).by_pixel(batch=2, height=5, width=6)
        >>> step(torch.zeros(2, 8), row=0, column=0).shape
        torch.Size([2, 4])
    """

    def __init__(self, sweep: RowSweep | DiagonalSweep, batch: int, height: int, width: int) -> None:
        self.sweep = sweep
        self.from_input = PixelByPixel(sweep.input_to_state, batch, height, width)
        self.weights = sweep.state_to_state.weight.unbind(dim=2)
        self.nothing = self.weights[0].new_zeros(batch, sweep.state_to_state.in_channels)
        self.h: dict[tuple[int, int], Tensor] = {}
        self.c: dict[tuple[int, int], Tensor] = {}

    def __call__(
        self, x: Float[Tensor, "batch channels"], row: int, column: int
    ) -> Float[Tensor, "batch hidden"]:
        gates = self.from_input(x, row, column)
        for weight, (down, right) in zip(self.weights, self.sweep.reads, strict=True):
            gates = gates + F.linear(self.h.get((row + down, column + right), self.nothing), weight)
        down, right = self.sweep.keeps
        c = self.c.get((row + down, column + right), self.nothing)
        at = row, column
        self.h[at], self.c[at] = lstm(gates, c, self.sweep.num_colours)
        return self.h[at]


class SweepsByPixel:
    """Both sweeps: the one from the right runs over a row, from its end, when the next row is begun.

    Example:
        >>> step = DiagonalSweeps(channels=8, hidden=4, num_colours=1).by_pixel(batch=2, height=5, width=6)
        >>> step(torch.zeros(2, 8), row=0, column=0).shape
        torch.Size([2, 4])
    """

    def __init__(self, sweeps: DiagonalSweeps, batch: int, height: int, width: int) -> None:
        self.from_left = sweeps.from_left.by_pixel(batch, height, width)
        self.from_right = sweeps.from_right.by_pixel(batch, height, width)
        self.width = width
        self.row: list[Tensor] = []

    def __call__(
        self, x: Float[Tensor, "batch channels"], row: int, column: int
    ) -> Float[Tensor, "batch hidden"]:
        if row and (row - 1, 0) not in self.from_right.h:
            for place, before in enumerate(reversed(self.row)):
                self.from_right(before, row - 1, place)
        self.row[column:] = [x]
        above = row - 1, self.width - 1 - column
        return self.from_left(x, row, column) + self.from_right.h.get(above, self.from_right.nothing)
