"""The maths of the demo on counting, held to closed forms."""

import math

import pytest
import torch

from dgm_course.demos.autoregressive.histogram_mle import (
    SIZES,
    HistogramMLE,
    cross_entropy,
    estimate,
    examples,
    truth,
)


@pytest.mark.parametrize("levels", [2, 20, 40])
def test_examples_follow_the_truth(levels):
    p, share = truth(levels), examples(5000, levels, seed=1).bincount(minlength=levels) / 5000
    assert ((share - p).abs() < 5 * (p * (1 - p) / 5000).sqrt() + 1e-3).all()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 10.0])
def test_the_estimate_is_counts_and_made_up_counts(smoothing):
    x = examples(50, 20, seed=0)
    expected = (x.bincount(minlength=20) + smoothing) / (50 + 20 * smoothing)
    assert torch.allclose(estimate(x, 20, smoothing).exp(), expected.double())


def test_on_its_own_examples_nothing_is_cheaper_than_counting():
    x = examples(50, 10, seed=0)
    share = x.bincount(minlength=10).double() / 50
    cheapest = cross_entropy(share, estimate(x, 10, 0.0).exp())
    assert cheapest < cross_entropy(share, truth(10))
    assert cheapest < cross_entropy(share, estimate(x, 10, 0.1).exp())


def test_what_was_never_seen_costs_infinitely_much_without_smoothing():
    x = examples(5, 20, seed=0)
    assert cross_entropy(truth(20), estimate(x, 20, 0.0).exp()) == math.inf
    assert cross_entropy(truth(20), estimate(x, 20, 0.1).exp()) < 10
    for levels, said in ((3, "1 level was"), (20, "11 levels were")):
        assert f"new ones inf: {said} never seen." in HistogramMLE(size=10, levels=levels).says.value


def test_more_examples_come_nearer_to_the_truth():
    costs = [cross_entropy(truth(20), estimate(examples(size, 20, seed=0), 20, 1.0).exp()) for size in SIZES]
    assert costs[-1] < costs[3] < costs[0]
    assert costs[-1] - cross_entropy(truth(20), truth(20)) < 0.01


def test_a_function_of_ones_own_is_counted_with_and_its_fault_is_seen():
    def fit_histogram(x, num_levels, smoothing=1.0):
        """The homework's signature, with made-up examples that N does not know of."""
        return (x.bincount(minlength=num_levels) + smoothing).log() - math.log(len(x))

    assert "not a distribution" not in HistogramMLE(smoothing=0.0, estimate=fit_histogram).says.value
    said = HistogramMLE(smoothing=1.0, estimate=fit_histogram).says.value
    assert "Σ θ̂ = 2.000: not a distribution." in said
