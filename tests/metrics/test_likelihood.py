"""Conversions of likelihood units against known answers."""

import math

import pytest
import torch

from dgm_course.metrics import bits_per_dim, bits_per_dim_of_scaled, nats_from_bits_per_dim


@pytest.mark.parametrize("num_levels", [2, 17, 256])
@pytest.mark.parametrize("num_dims", [1, 64, 3072])
def test_a_uniform_model_costs_log2_of_the_levels(num_levels, num_dims):
    assert bits_per_dim(num_dims * math.log(num_levels), num_dims) == pytest.approx(math.log2(num_levels))


@pytest.mark.parametrize("num_levels", [2, 17, 256])
def test_scaled_data_cost_what_the_integers_cost(num_levels):
    """A Gaussian on dequantised integers, and the same one after division by the number of levels."""
    x = torch.rand(9, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * num_levels
    on_integers = -torch.distributions.Normal(3.0, 2.0).log_prob(x).sum(1)
    on_unit = -torch.distributions.Normal(3.0 / num_levels, 2.0 / num_levels).log_prob(x / num_levels).sum(1)
    torch.testing.assert_close(bits_per_dim_of_scaled(on_unit, 5, num_levels), bits_per_dim(on_integers, 5))


def test_nats_and_bits_are_inverses_for_tensors():
    nats = torch.tensor([-3.0, 0.0, 110.1], dtype=torch.float64)
    torch.testing.assert_close(nats_from_bits_per_dim(bits_per_dim(nats, 784), 784), nats)
