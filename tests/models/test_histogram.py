"""Counting is maximum likelihood, and gradient descent finds the same maximum."""

import pytest
import torch

from dgm_course.models.autoregressive.histogram import Histogram
from dgm_course.testing import PropertyError, assert_bound, assert_close
from dgm_course.training import fit


@pytest.fixture
def x(rng):
    return torch.multinomial(torch.tensor([0.1, 0.0, 0.6, 0.3]), 200, replacement=True, generator=rng)


def entropy(x, num_levels):
    p = torch.bincount(x, minlength=num_levels).double() / len(x)
    return -torch.special.xlogy(p, p).sum()


def test_closed_form_is_the_relative_frequency(x):
    model = Histogram(num_levels=4).double().count(x, smoothing=0.5)
    counts = torch.tensor([(x == k).sum() for k in range(4)]).double()
    assert_close(model.log_prob(torch.arange(4)).exp().detach(), (counts + 0.5) / (counts.sum() + 2))


def test_without_smoothing_an_unseen_level_is_impossible_and_the_loss_is_the_entropy(x):
    model = Histogram(num_levels=4).double().count(x)
    assert model.log_prob(torch.tensor([1])).item() == -torch.inf
    assert_close(model.loss(x).detach(), entropy(x, 4), tolerance=1e-12)


def test_no_parameters_go_below_the_entropy(x, rng):
    model = Histogram(num_levels=4).double()
    for _ in range(50):
        model.theta.data.normal_(generator=rng)
        assert_bound(model.loss(x).detach(), lower=float(entropy(x, 4)))
    with pytest.raises(PropertyError):  # a mean over the levels, too, would
        assert_bound(model.loss(x).detach() / 4, lower=float(entropy(x, 4)))


def test_gradient_descent_finds_the_closed_form(x):
    counted = Histogram(num_levels=4).count(x)
    descended = Histogram(num_levels=4)
    fit(descended, x, epochs=600, batch_size=len(x), lr=0.1, progress=False)
    p = counted.theta.softmax(dim=-1)
    kl = torch.special.xlogy(p, p).sum() - (p * descended.theta.log_softmax(dim=-1)).sum()
    assert_bound(kl.detach(), lower=-1e-6, upper=1e-3)


def test_dimensions_are_counted_apart(rng):
    x = torch.randint(3, (50, 2, 2), generator=rng)
    model = Histogram(num_levels=3, event_shape=(2, 2)).double().count(x, smoothing=1.0)
    alone = Histogram(num_levels=3).double().count(x[:, 1, 0], smoothing=1.0)
    assert_close(model.theta[1, 0].detach(), alone.theta.detach(), tolerance=1e-12)
    assert model.log_prob(x).shape == (50,)
