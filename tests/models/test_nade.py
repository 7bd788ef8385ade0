"""NADE is its loop; an ensemble of orders is a mixture of probabilities, trained by an unbiased estimate."""

from itertools import permutations
from math import factorial, sqrt

import pytest
import torch

from dgm_course.models.autoregressive.nade import NADE
from dgm_course.models.autoregressive.orderless_nade import OrderlessNADE
from dgm_course.testing import (
    PropertyError,
    all_strings,
    assert_bound,
    assert_causal,
    assert_close,
    assert_gradients_reach,
    assert_normalized,
    randomize,
)

ORDER = (2, 0, 3, 1)


def test_logits_are_the_loop_of_the_paper(rng):
    model = randomize(NADE(4, hidden=5, num_levels=3, order=ORDER), rng)
    x = all_strings(3, 4)
    for row, logits in zip(x[::7], model.logits(x)[::7], strict=True):
        a = model.c
        for i in ORDER:
            expected = torch.cat([torch.zeros(1), torch.sigmoid(a) @ model.V[i] + model.b[i]])
            assert_close(logits[i].detach(), expected.detach())
            if row[i]:
                a = a + model.W[i, row[i] - 1]


def test_a_conditional_sees_what_comes_before_it_and_all_of_that(rng):
    model = randomize(NADE(4, hidden=9, order=ORDER), rng)
    allowed = torch.zeros(4, 4, dtype=torch.bool)
    for place, i in enumerate(ORDER):
        allowed[i, list(ORDER[:place])] = True
    x = torch.randint(2, (16, 4), generator=rng)
    assert_causal(model.logits, x, allowed, alternatives=2)


@pytest.fixture
def ensemble(rng):
    return randomize(OrderlessNADE(4, hidden=(7,), num_levels=3, num_orders=3, seed=1), rng)


def test_each_order_is_a_distribution_and_so_is_their_mixture(ensemble):
    x = all_strings(3, 4)
    each = ensemble.log_prob_each(x)
    for order in range(3):
        assert_normalized(lambda x, o=order: ensemble.log_prob_each(x)[o], x)
    assert_close(ensemble.log_prob(x).exp().detach(), each.exp().mean(dim=0).detach())
    assert_bound((each[0] - each[1]).abs().max().detach(), lower=0.1, what="what the orders disagree about")


def test_a_mean_of_logarithms_is_no_likelihood(ensemble):
    with pytest.raises(PropertyError):
        assert_normalized(lambda x: ensemble.log_prob_each(x).mean(dim=0), all_strings(3, 4))


def assert_unbiased(model, loss, rng):
    """The mean of many estimates against the mean over all orders, within 6 standard errors (false alarm 2e-9)."""
    x = torch.tensor([[0, 2, 1]])
    exact = 0.0
    for order in permutations(range(3)):
        model.orders[0] = torch.tensor(order)
        exact -= model.log_prob_each(x)[0].item() / factorial(3)
    with torch.no_grad():
        estimates = torch.stack([loss(x.expand(64, 3), generator=rng) for _ in range(400)])
    error = (estimates.mean() - exact).abs()
    assert_bound(error, upper=6 * estimates.std().item() / sqrt(len(estimates)), what="bias")


def test_the_loss_is_unbiased_for_the_mean_over_all_orders(rng):
    model = randomize(OrderlessNADE(3, hidden=(7,), num_levels=3, num_orders=1), rng)
    assert_unbiased(model, model.loss, rng)

    def unweighted(x, generator):
        """Every cost counts once, so that early places, with more unknown dimensions, count too much."""
        rank = torch.rand(x.shape, generator=generator).argsort(dim=1).argsort(dim=1)
        known = rank < torch.randint(3, (len(x), 1), generator=generator)
        costs = -model.conditionals(x, known).gather(-1, x.unsqueeze(-1)).squeeze(-1)
        return costs.masked_fill(known, 0.0).sum(dim=1).mean()

    with pytest.raises(PropertyError):
        assert_unbiased(model, unweighted, rng)


def test_training_reaches_every_parameter(ensemble, rng):
    assert_gradients_reach(lambda: ensemble.loss(all_strings(3, 4), generator=rng), ensemble)
