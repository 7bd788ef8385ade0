"""A Row LSTM knows a triangle, a Diagonal BiLSTM nearly all that comes before, and both compute their recurrence."""

import pytest
import torch
import torch.nn.functional as F

from dgm_course.models.autoregressive import lstm_sweeps, pixel_rnn
from dgm_course.models.autoregressive.lstm_sweeps import DiagonalSweep, DiagonalSweeps, RowSweep
from dgm_course.models.autoregressive.masked_conv import MaskedConv2d
from dgm_course.models.autoregressive.pixel_rnn import DiagonalBiLSTM, RowLSTM
from dgm_course.testing import PropertyError, assert_causal, assert_close, randomize


def relation(shape, holds):
    colours, height, width = shape
    where = [(r, c, g) for g in range(colours) for r in range(height) for c in range(width)]
    return torch.tensor([[holds(i, j) for j in where] for i in where])


def first_reads(shape, kernel):
    reach = kernel // 2
    return relation(shape, lambda i, j: j < i and max(abs(i[0] - j[0]), abs(i[1] - j[1])) <= reach)


def row_sweep_reads(shape):
    """One pixel to the left, and one more to each side with every row up; at the own pixel colours up to the own."""
    return relation(shape, lambda i, j: j <= i and i[1] - (i[0] - j[0]) - 1 <= j[1] <= i[1] + (i[0] - j[0]))


def diagonal_sweeps_read(shape):
    """Every row above, and the own one up to the own pixel."""
    return relation(shape, lambda i, j: j <= i)


SWEEP_READS = {RowLSTM: row_sweep_reads, DiagonalBiLSTM: diagonal_sweeps_read}


def assert_reads(kind, shape, rng, num_layers=1, num_levels=2, first_kernel=3):
    """A model reads what its first convolution and its sweeps read, one after another; returns how many pairs."""
    model = kind(shape, num_levels, 4 * shape[0], num_layers, first_kernel)
    randomize(model, rng, 0.5)
    reads, sweep = first_reads(shape, first_kernel).long(), SWEEP_READS[kind](shape).long()
    for _ in range(num_layers):
        reads = (sweep @ reads).clamp(max=1)
    x = torch.randint(num_levels, (48, *shape), generator=rng)
    assert_causal(
        lambda x: model.logits(x).flatten(1, -2), x, reads > 0, alternatives=num_levels, tolerance=1e-12
    )
    return int(reads.sum())


def test_a_row_lstm_knows_a_triangle(rng):
    assert assert_reads(RowLSTM, (1, 4, 6), rng) == 196
    assert assert_reads(RowLSTM, (1, 4, 6), rng, num_layers=2) == 216
    assert_reads(RowLSTM, (3, 3, 3), rng, num_levels=4)


def test_a_diagonal_bilstm_knows_every_pixel_before_but_the_last_of_the_row_above(rng):
    assert assert_reads(DiagonalBiLSTM, (1, 4, 5), rng, num_layers=2) == 190 - 9
    assert assert_reads(DiagonalBiLSTM, (1, 4, 5), rng, first_kernel=9) == 190
    assert assert_reads(DiagonalBiLSTM, (3, 3, 2), rng, num_levels=4) == 153


class FirstOfTypeB(MaskedConv2d):
    def __init__(self, kind, *sizes):
        super().__init__("B", *sizes)


class OneSweep(DiagonalSweeps):
    def forward(self, x):
        return self.from_left(x)


class SweepsNotMoved(DiagonalSweeps):
    def forward(self, x):
        return self.from_left(x) + self.from_right(x.flip(3)).flip(3)


class ReadsBelow(DiagonalSweep):
    """The state of the pixel below in place of the one above: in a column of diagonals that is a row too far."""

    def forward(self, x):
        return super().forward(x.flip(2)).flip(2)


@pytest.mark.parametrize(
    ("module", "name", "wrong"),
    [
        (pixel_rnn, "MaskedConv2d", FirstOfTypeB),
        (lstm_sweeps, "shift_down", lambda v: F.pad(v, (0, 0, 2, 0))[:, :, :-2]),
        (lstm_sweeps, "DiagonalSweep", ReadsBelow),
    ],
)
def test_a_wrong_part_is_noticed(module, name, wrong, rng, monkeypatch):
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(PropertyError):
        assert_reads(DiagonalBiLSTM, (1, 4, 5), rng)


@pytest.mark.parametrize("wrong", [OneSweep, SweepsNotMoved])
def test_a_wrong_pair_of_sweeps_is_noticed(wrong, rng, monkeypatch):
    monkeypatch.setattr(DiagonalBiLSTM, "sweep", staticmethod(wrong))
    with pytest.raises(PropertyError):
        assert_reads(DiagonalBiLSTM, (1, 4, 5), rng)


@pytest.mark.parametrize("kind", [RowLSTM, DiagonalBiLSTM])
def test_gates_that_mix_the_colours_are_noticed(kind, rng, monkeypatch):
    right = lstm_sweeps.lstm
    monkeypatch.setattr(lstm_sweeps, "lstm", lambda gates, c, num_colours: right(gates, c, 1))
    with pytest.raises(PropertyError):
        assert_reads(kind, (3, 3, 3), rng, num_levels=4)


def by_definition(sweep, x):
    """One pixel at a time, with the states of its neighbours by name."""
    from_input, K = sweep.input_to_state(x), sweep.state_to_state.weight
    height, width = x.shape[2:]
    nothing = x.new_zeros(len(x), K.shape[1])
    h, c = {}, {}
    for row in range(height):
        for column in range(width):
            if isinstance(sweep, RowSweep):
                around = [(row - 1, column - 1), (row - 1, column), (row - 1, column + 1)]
                kept = row - 1, column
            else:
                around = [(row - 1, column), (row, column - 1)]
                kept = row, column - 1
            gates = from_input[:, :, row, column]
            for k, neighbour in zip(K.unbind(dim=2), around, strict=True):
                gates = gates + h.get(neighbour, nothing) @ k.T
            o, f, i, g = gates.chunk(4, dim=1)
            here = row, column
            c[here] = f.sigmoid() * c.get(kept, nothing) + i.sigmoid() * g.tanh()
            h[here] = o.sigmoid() * c[here].tanh()
    return torch.stack(list(h.values()), dim=2).unflatten(2, (height, width))


def assert_sweep(kind, rng):
    sweep = randomize(kind(channels=6, hidden=2, num_colours=1), rng, 0.5)
    for height, width in ((4, 5), (3, 1), (1, 3)):
        x = torch.randn(3, 6, height, width, generator=rng, dtype=torch.float64)
        assert_close(sweep(x).detach(), by_definition(sweep, x).detach(), tolerance=1e-12)


@pytest.mark.parametrize("kind", [RowSweep, DiagonalSweep])
def test_a_sweep_is_its_definition(kind, rng, monkeypatch):
    assert_sweep(kind, rng)

    def forgets(gates, c, num_colours, right=lstm_sweeps.lstm):
        return right(gates, torch.zeros_like(c), num_colours)

    monkeypatch.setattr(lstm_sweeps, "lstm", forgets)
    with pytest.raises(PropertyError):
        assert_sweep(kind, rng)


def test_a_state_from_outside_of_the_image_is_noticed(rng, monkeypatch):
    """What a bias that acts outside of the image, too, would put there."""
    right = lstm_sweeps.skew
    monkeypatch.setattr(lstm_sweeps, "skew", lambda x: right(x) + (right(torch.ones_like(x)) == 0))
    with pytest.raises(PropertyError):
        assert_sweep(DiagonalSweep, rng)
