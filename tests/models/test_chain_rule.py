"""What the chain rule gives to every autoregressive model: conditionals, and inpainting by ancestral sampling."""

import pytest
import torch

from dgm_course.models.autoregressive.base import draw, shift_right
from dgm_course.models.autoregressive.made import MADE
from dgm_course.testing import (
    PropertyError,
    all_strings,
    assert_close,
    assert_samples_follow,
    assert_unchanged,
    binary_strings,
    randomize,
)

ORDER = (2, 0, 3, 1)


@pytest.fixture
def model(rng):
    return randomize(MADE(num_dims=4, hidden=(9,), order=ORDER), rng)


def test_conditionals_are_ratios_of_marginals(model):
    x = binary_strings(4)
    joint = model.log_prob(x).exp()
    conditionals = model.log_conditionals(x).exp()
    for place, i in enumerate(ORDER):
        before, with_i = list(ORDER[:place]), list(ORDER[: place + 1])
        agree = lambda dims: (x[:, None, dims] == x[None, :, dims]).all(dim=-1).double() @ joint  # noqa: E731
        assert_close(conditionals[:, i], agree(with_i) / agree(before), tolerance=1e-12)


@pytest.mark.parametrize("num_levels", [2, 3])
def test_conditionals_are_the_softmax_of_the_logits(num_levels, rng):
    """Two levels, which have a way of their own, as any other number of them."""
    model = randomize(MADE(4, hidden=(9,), num_levels=num_levels), rng)
    x = all_strings(num_levels, 4)
    expected = model.logits(x).log_softmax(dim=-1).gather(-1, x.unsqueeze(-1)).squeeze(-1)
    assert_close(model.log_conditionals(x).detach(), expected.detach(), tolerance=1e-13)


@pytest.mark.parametrize("wrong", [-1, 2])
def test_a_value_that_is_no_level_is_refused(model, wrong):
    with pytest.raises(ValueError, match="0 … 1"):
        model.log_prob(torch.tensor([[0, 1, wrong, 1]]))


def assert_completes(model, complete, rng):
    """With evidence on the first two dimensions of the order, draws follow p(rest | evidence)."""
    x, _ = model.blank(4000)
    x[:, 2] = 1
    known = torch.zeros_like(x, dtype=torch.bool)
    known[:, [2, 0]] = True
    evidence, given = x.clone(), known.clone()
    drawn = complete(x, known, generator=rng)
    assert_unchanged(evidence, x, what="the input")
    assert_unchanged(given, known, what="the input")
    assert_unchanged(evidence[known], drawn[known], what="the evidence")
    joint = model.log_prob(binary_strings(4)).exp().view(2, 2, 2, 2)[0, :, 1, :]
    assert_samples_follow(drawn[:, [1, 3]], (joint / joint.sum()).detach())


def test_completion_keeps_the_evidence_and_draws_the_rest_given_it(model, rng):
    assert_completes(model, model.complete, rng)

    def ignores_evidence(x, known, *, generator):
        return torch.where(known, x, model.sample(len(x), generator=generator))

    def overwrites_evidence(x, known, *, generator):
        return model.sample(len(x), generator=generator)

    for wrong in (ignores_evidence, overwrites_evidence):
        with pytest.raises(PropertyError):
            assert_completes(model, wrong, rng)


def test_evidence_may_differ_from_row_to_row(model, rng):
    x, known = model.blank(2)
    x[:] = 1
    known[0] = True
    assert model.complete(x, known, generator=rng)[0].tolist() == [1, 1, 1, 1]


def test_draw_follows_the_softmax(rng):
    logits = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64)
    assert_samples_follow(draw(logits.expand(20000, 3), rng), logits.softmax(0))
    assert draw(logits.expand(5, 2, 3), rng).shape == (5, 2)


def test_shifting_loses_the_last_symbol_only():
    x = torch.tensor([[4, 5, 6], [7, 8, 9]])
    assert shift_right(x, start=0).tolist() == [[0, 4, 5], [0, 7, 8]]


@pytest.mark.parametrize("order", [(0, 1, 1, 2), (1, 2, 3, 4), (0, 1, 2)])
def test_an_order_that_is_no_permutation_is_refused(order):
    with pytest.raises(ValueError, match="order"):
        MADE(num_dims=4, order=order)
