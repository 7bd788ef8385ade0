"""Bars and stripes: probabilities that are exact, and a sampler that follows them."""

import math

import pytest
import torch

from dgm_course import data


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_log_prob_sums_to_one_over_every_image(size):
    bars = data.bars_and_stripes(size)
    every = torch.cartesian_prod(*[torch.arange(2)] * size**2).view(-1, 1, size, size)
    assert bars.log_prob(every).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_only_bars_and_stripes_are_possible():
    bars = data.bars_and_stripes()
    corner = torch.zeros(1, 1, 4, 4, dtype=torch.int64)
    corner[..., 0, 0] = 1
    assert bars.log_prob(corner).item() == -math.inf
    for image in bars.images[:, 0]:
        assert (image == image[0]).all() or (image == image[:, :1]).all()


def test_empty_and_full_images_are_twice_as_likely():
    bars = data.bars_and_stripes()
    empty_full_row = torch.stack([torch.zeros(4, 4), torch.ones(4, 4), torch.eye(4)[:1].expand(4, 4)]).long()
    assert bars.log_prob(empty_full_row.unsqueeze(1)).exp().tolist() == pytest.approx(
        [1 / 16, 1 / 16, 1 / 32]
    )


def test_entropy_is_the_expected_negative_log_prob():
    bars = data.bars_and_stripes()
    expected = -(bars.probabilities * bars.log_prob(bars.images)).sum().item()
    assert bars.entropy == pytest.approx(expected, abs=1e-12)


def test_samples_follow_the_probabilities():
    """Counts of 40,000 draws lie within 6 standard deviations of their binomial means."""
    bars = data.bars_and_stripes()
    x = bars.sample(40_000, generator=torch.Generator().manual_seed(3))
    counts = (x.flatten(1).unsqueeze(1) == bars.images.flatten(1)).all(dim=2).sum(dim=0)
    p = bars.probabilities
    assert ((counts - 40_000 * p).abs() < 6 * (40_000 * p * (1 - p)).sqrt()).all()
