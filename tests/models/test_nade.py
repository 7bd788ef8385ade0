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
    assert_samples_follow,
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


def test_a_mean_of_logarithms_or_of_logits_is_no_likelihood(ensemble):
    def mean_of_logarithms(x):
        return ensemble.log_prob_each(x).mean(dim=0)

    def mean_of_logits(x):
        """For each dimension, over orders that knew different dimensions before it."""
        logits = torch.zeros(*x.shape, 3, dtype=torch.float64)
        for order in ensemble.orders:
            known = torch.zeros_like(x, dtype=torch.bool)
            for i in order:
                logits[:, i] += ensemble.conditionals(x, known)[:, i] / len(ensemble.orders)
                known[:, i] = True
        return logits.log_softmax(dim=-1).gather(-1, x.unsqueeze(-1)).flatten(1).sum(dim=1)

    for wrong in (mean_of_logarithms, mean_of_logits):
        with pytest.raises(PropertyError):
            assert_normalized(wrong, all_strings(3, 4))


def assert_hears_evidence(model, complete, rng):
    """Given dimension 0, the other two follow the mixture of the orders, each with what is known moved to its front."""
    x = all_strings(3, 3)
    x = x[x[:, 0] == 2]
    expected = torch.zeros(len(x), dtype=torch.float64)
    with torch.no_grad():
        for order in model.orders:
            known = torch.tensor([True, False, False]).expand(len(x), 3).clone()
            log_p = torch.zeros(len(x), dtype=torch.float64)
            for i in order[order != 0]:
                log_p += model.conditionals(x, known)[:, i].gather(1, x[:, [i]])[:, 0]
                known[:, i] = True
            expected += log_p.exp() / len(model.orders)
    evidence = torch.tensor([2, 0, 0]).expand(6000, 3)
    known = torch.tensor([True, False, False]).expand(6000, 3)
    drawn = complete(evidence, known, generator=rng)
    assert_close((drawn[:, 0] == 2).double().mean(), 1.0, what="share of rows that keep the evidence")
    assert_samples_follow(drawn[:, 1:], expected)


def test_a_completion_hears_all_of_the_evidence(rng):
    model = randomize(OrderlessNADE(3, hidden=(7,), num_levels=3, num_orders=3, seed=1), rng)
    assert_hears_evidence(model, model.complete, rng)

    def told_when_its_turn_comes(x, known, *, generator):
        drawn = model.sample(len(x), generator=generator)
        return torch.where(known, x, drawn)

    with pytest.raises(PropertyError):
        assert_hears_evidence(model, told_when_its_turn_comes, rng)


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
