"""The maths of the demo on dilations, held to the formula of the receptive field and to the network as a whole."""

import itertools

import pytest
import torch
from torch import nn

from dgm_course.demos.autoregressive.wavenet_tree import (
    STEPS,
    PaddedOnBothSides,
    WaveNetTree,
    network,
    reads,
)
from dgm_course.models.autoregressive.causal_conv import CausalConv1d

NOW = STEPS - 1


def offsets(layers, kernel_size, base):
    """How far back the paper's tree reads: 1 for the shift, and one tap of each layer."""
    taps = [[j * base**layer for j in range(kernel_size)] for layer in range(layers)]
    return {1 + sum(path) for path in itertools.product(*taps)}


@pytest.mark.parametrize("base", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel_size", [2, 3])
@pytest.mark.parametrize("layers", [1, 3, 6])
def test_what_is_measured_are_the_sums_of_taps(layers, kernel_size, base):
    measured = reads(layers, kernel_size, base)
    expected = {NOW - back for back in offsets(layers, kernel_size, base) if back <= NOW}
    assert set(measured.whole[NOW].nonzero()[:, 0].tolist()) == expected
    assert measured.receptive_field == max(offsets(layers, kernel_size, base))
    assert measured.total == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("conv", [CausalConv1d, PaddedOnBothSides])
def test_the_leaves_of_the_tree_are_what_the_whole_network_reads(conv):
    measured = reads(4, 3, 2, conv)
    for time in (0, 5, 20, NOW):
        leaves = {s - 1 for s in measured.tree(time)[0] if s > 0}
        assert set(measured.whole[time].nonzero()[:, 0].tolist()) == leaves


def test_padding_on_both_sides_reads_what_it_predicts():
    measured = reads(2, 2, 2, PaddedOnBothSides)
    assert measured.whole[20].nonzero()[:, 0].tolist() == [18, 19, 20, 21]
    assert abs(measured.total - 1.0) > 0.01
    assert "not a distribution" in WaveNetTree(bug=True).says.value


def test_queues_spare_all_of_the_tree_but_one_column():
    model, short = network(3, 2, 2), reads(3, 2, 2)
    assert sum(map(len, short.tree(NOW)[1:])) == 1 + 2 + 4
    assert "Its tree has 7 nodes above the input: queues keep all but 3." in WaveNetTree(layers=3).says.value
    walk, x = model.walk(batch=2), torch.randint(2, (2, STEPS), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        one_column_a_step = [next(walk), *(walk.send(x_t) for x_t in x.T[:-1])]
        assert torch.allclose(torch.stack(one_column_a_step, dim=1), model.logits(x))


def test_a_dilation_beyond_the_kernel_leaves_holes():
    assert "reads 8 samples with 14 holes between them; R = 22" in WaveNetTree(layers=3, base=4).says.value


def test_a_layer_of_ones_own_is_shown():
    class Reversed(nn.Module):
        def __init__(self, *sizes):
            super().__init__()
            self.conv = CausalConv1d(*sizes)

        def forward(self, x):
            return self.conv(x.flip(-1)).flip(-1)

    assert "not past (✗)" in WaveNetTree(conv=Reversed).says.value
    assert "not past (✗)" not in WaveNetTree().says.value
