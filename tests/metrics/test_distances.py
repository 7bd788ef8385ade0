"""Distances between samples against closed forms."""

import math

import pytest
import torch
from scipy.stats import wasserstein_distance

from dgm_course.metrics import mmd2, sliced_wasserstein


def normal(*shape, seed):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_a_shift_costs_its_length_along_each_direction():
    x, shift, directions = normal(30, 4, seed=1), normal(4, seed=2), normal(4, 7, seed=3)
    expected = ((shift @ directions) / directions.norm(dim=0)).square().mean().sqrt()
    torch.testing.assert_close(sliced_wasserstein(x, x + shift, projections=directions), expected)


def test_the_order_of_a_sample_does_not_matter():
    x, y, directions = normal(30, 3, seed=1), normal(30, 3, seed=2), normal(3, 5, seed=3)
    straight = sliced_wasserstein(x, y, projections=directions)
    torch.testing.assert_close(sliced_wasserstein(x.flip(0), y, projections=directions), straight)
    assert sliced_wasserstein(x, x.flip(0), projections=directions) == 0


def test_samples_of_different_sizes_are_compared_exactly():
    """Repeating every point changes no distribution: 4 points against 6 are 12 against 12."""
    x, y, directions = normal(4, 2, seed=4), normal(6, 2, seed=5), normal(2, 9, seed=6)
    expected = sliced_wasserstein(x.repeat(3, 1), y.repeat(2, 1), projections=directions)
    torch.testing.assert_close(sliced_wasserstein(x, y, projections=directions), expected)


def test_two_point_masses_apart_agree_with_the_first_order_distance():
    """Where every quantile moves by the same amount W₁ = W₂, and SciPy has W₁."""
    x, y = torch.zeros(3, 1), torch.full((5, 1), 2.5)
    expected = wasserstein_distance(x[:, 0], y[:, 0])
    assert sliced_wasserstein(x, y, projections=torch.ones(1, 1)).item() == pytest.approx(expected)


def test_gaussians_of_two_widths_come_near_their_closed_form():
    """In every direction W₂(N(0, 1), N(0, 9)) = 2; 20,000 points each are within 0.05."""
    x, y = normal(20_000, 3, seed=7), 3 * normal(20_000, 3, seed=8)
    distance = sliced_wasserstein(x, y, num_projections=16, generator=torch.Generator().manual_seed(9))
    assert distance.item() == pytest.approx(2, abs=0.05)


def test_directions_come_from_the_generator_and_from_nowhere_else():
    x, y = normal(20, 3, seed=1), normal(20, 3, seed=2)
    first, again = (sliced_wasserstein(x, y, generator=torch.Generator().manual_seed(4)) for _ in range(2))
    assert first == again
    with pytest.raises(ValueError, match="generator"):
        sliced_wasserstein(x, y)


def gaussian_mmd2(shift, variance, dims, h):
    """E k for Gaussians: k convolved with N(0, s) is (h²/(h² + s))^(D/2) exp(−|shift|² / 2(h² + s))."""

    def expected_kernel(distance2, spread):
        return (h**2 / (h**2 + spread)) ** (dims / 2) * math.exp(-distance2 / (2 * (h**2 + spread)))

    return (
        expected_kernel(0, 2)
        + expected_kernel(0, 2 * variance)
        - 2 * expected_kernel(shift.square().sum().item(), 1 + variance)
    )


@pytest.mark.parametrize("h", [0.5, 2.0])
def test_mmd_is_unbiased_for_gaussians(h):
    """The mean of 400 estimates from 12 and 9 points lies within 5 standard errors of the closed form."""
    shift = torch.tensor([1.0, -0.5, 0.3], dtype=torch.float64)
    estimates = torch.stack(
        [
            mmd2(normal(12, 3, seed=seed), shift + 1.5 * normal(9, 3, seed=10_000 + seed), bandwidths=(h,))
            for seed in range(400)
        ]
    )
    error = (estimates.mean() - gaussian_mmd2(shift, 2.25, 3, h)).abs()
    assert error < 5 * estimates.std() / 400**0.5


def test_mmd_of_two_points_each_by_hand():
    x, y = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [1.0]])
    expected = math.exp(-2) + 1 - 2 * math.exp(-0.5)
    assert mmd2(x, y).item() == pytest.approx(expected)


def test_several_bandwidths_add_up():
    x, y = normal(8, 2, seed=1), normal(5, 2, seed=2)
    torch.testing.assert_close(
        mmd2(x, y, bandwidths=(0.3, 3)), mmd2(x, y, bandwidths=(0.3,)) + mmd2(x, y, bandwidths=(3,))
    )


def test_mmd_pulls_a_sample_towards_the_other():
    x, y = normal(50, 2, seed=1).requires_grad_(), normal(50, 2, seed=2) + 2
    mmd2(x, y, bandwidths=(2.0,)).backward()
    assert (x.grad.mean(0) < 0).all()
