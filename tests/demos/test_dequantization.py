"""The maths of the demo on noise, held to entropies."""

import math

import pytest
import torch

from dgm_course.demos.flows.dequantization import (
    EDGES,
    LEVELS,
    PARTS,
    Dequantization,
    below,
    bits,
    dequantize,
    half_a_cell,
    levels,
    shares,
)


def entropy(pixel):
    p = levels(pixel).bincount(minlength=LEVELS) / len(levels(pixel))
    return -sum(each * math.log2(each) for each in p.tolist() if each)


@pytest.mark.parametrize("pixel", [10, 20, 34])
def test_whole_cells_cost_what_counting_costs_and_half_cells_claim_one_bit_less(pixel):
    whole, half = (bits(pixel, shares(pixel, each, seed=1), smooth=0.0) for each in (dequantize, half_a_cell))
    assert whole.categorical == pytest.approx(entropy(pixel), abs=1e-6)
    assert whole.claimed == pytest.approx(entropy(pixel), abs=3e-3)
    assert half.claimed == pytest.approx(entropy(pixel) - 1, abs=3e-3)
    assert half.cells == pytest.approx(entropy(pixel), abs=1e-6)


@pytest.mark.parametrize("smooth", [0.1, 0.5])
@pytest.mark.parametrize("noise", [dequantize, half_a_cell])
def test_no_density_gives_the_cells_more_than_counting(smooth, noise):
    cost = bits(20, shares(20, noise, seed=0), smooth)
    assert cost.cells > cost.categorical + 0.01
    if noise is dequantize:
        assert cost.claimed > cost.cells  # Jensen: the logarithm of a mean is above the mean of logarithms


@pytest.mark.parametrize("smooth", [0.0, 0.3, 1.0])
def test_the_smooth_density_has_mass_one(smooth):
    share = shares(20, dequantize, seed=0)
    ends = torch.tensor([-60.0, 80.0], dtype=torch.float64)
    assert below(ends, share, smooth).diff().item() == pytest.approx(1.0, abs=1e-9)


def test_without_smoothing_the_density_is_the_histogram():
    share = shares(20, dequantize, seed=0)
    assert torch.allclose(below(EDGES, share, 0.0).diff(), share, atol=1e-6)


def test_noise_stays_in_its_cell():
    x = torch.arange(LEVELS).repeat(1000)
    for noise, parts in ((dequantize, PARTS), (half_a_cell, PARTS // 2)):
        y = LEVELS * noise(x, LEVELS, torch.Generator().manual_seed(0))
        used = torch.histc(y, len(EDGES) - 1, 0.0, LEVELS).view(LEVELS, PARTS) > 0
        assert used[:, :parts].all()
        assert not used[:, parts:].any()


def test_it_says_that_nobody_beats_counting():
    assert "the price of being smooth" in Dequantization().says.value
    assert "Nobody can beat" in Dequantization(bug=True, smooth=0.0).says.value


def test_a_function_of_ones_own_is_measured():
    def no_noise(x, num_levels, generator):
        return (x + 0.01) / num_levels

    assert f"claims {entropy(20) - math.log2(PARTS):.2f} bits/dim" in (
        Dequantization(dequantize=no_noise, smooth=0.0).says.value
    )
