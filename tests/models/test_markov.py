"""A Markov window depends on exactly d symbols, and knows where the sequence begins."""

import pytest
import torch
import torch.nn.functional as F

from dgm_course.models.autoregressive.markov import MarkovMLP
from dgm_course.testing import (
    PropertyError,
    all_strings,
    assert_bound,
    assert_causal,
    assert_normalized,
    randomize,
)


def assert_window(model, rng):
    length = model.event_shape[0]
    distance = torch.arange(length)[:, None] - torch.arange(length)
    x = torch.randint(model.num_levels, (16, length), generator=rng)
    assert_causal(
        randomize(model, rng).logits,
        x,
        (distance >= 1) & (distance <= model.context),
        alternatives=model.num_levels,
    )


@pytest.mark.parametrize(("length", "num_levels", "context"), [(6, 2, 3), (5, 4, 1), (4, 3, 9), (1, 2, 2)])
def test_depends_on_exactly_the_window_and_sums_to_one(length, num_levels, context, rng):
    model = MarkovMLP(length, num_levels, context)
    assert_window(model, rng)
    assert_normalized(model.log_prob, all_strings(num_levels, length), tolerance=1e-12)


class SeesItself(MarkovMLP):
    def windows(self, x):
        return F.pad(x, (self.context, 0), value=self.start)[:, 1:].unfold(1, self.context, 1)


class OneTooFew(MarkovMLP):
    def windows(self, x):
        return super().windows(x).clone().index_fill_(2, torch.tensor(0), self.start)


@pytest.mark.parametrize("wrong", [SeesItself, OneTooFew])
def test_a_window_that_is_off_by_one_is_noticed(wrong, rng):
    with pytest.raises(PropertyError):
        assert_window(wrong(length=6, num_levels=2, context=3), rng)


def assert_knows_the_beginning(model, rng):
    logits = randomize(model, rng).logits(torch.zeros(1, 6, dtype=torch.long))[0]
    assert_bound((logits[0] - logits[-1]).abs().max().detach(), lower=1e-3)


def test_an_empty_window_is_no_window_of_zeros(rng):
    assert_knows_the_beginning(MarkovMLP(length=6, num_levels=2, context=3), rng)
    shared = MarkovMLP(length=6, num_levels=2, context=3)
    shared.start = 0
    with pytest.raises(PropertyError):
        assert_knows_the_beginning(shared, rng)
