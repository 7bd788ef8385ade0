"""The recurrent model says the same in one pass and step by step, and padding says nothing."""

import pytest
import torch

from dgm_course.models.autoregressive import char_rnn
from dgm_course.models.autoregressive.char_rnn import CharRNN
from dgm_course.testing import (
    PropertyError,
    all_strings,
    assert_causal,
    assert_close,
    assert_normalized,
    randomize,
)


@pytest.fixture
def model(rng):
    return randomize(CharRNN(length=7, num_levels=3, hidden=5), rng)


@pytest.fixture
def x(rng):
    return torch.randint(3, (6, 7), generator=rng)


def stepwise(model, x):
    symbol, state, each = torch.full((len(x),), model.start), None, []
    for t in range(x.shape[1]):
        logits, state = model.step(symbol, state)
        symbol = x[:, t]
        each.append(logits.log_softmax(dim=-1).gather(1, symbol[:, None])[:, 0])
    return torch.stack(each, dim=1).sum(dim=1)


def test_stepwise_equals_batched(model, x):
    assert_close(stepwise(model, x).detach(), model.log_prob(x).detach(), tolerance=1e-12)


def test_a_state_that_is_not_handed_on_is_noticed(model, x):
    class Forgetful(CharRNN):
        def step(self, previous, state=None):
            return super().step(previous, None)

    model.__class__ = Forgetful
    with pytest.raises(PropertyError):
        assert_close(stepwise(model, x).detach(), model.log_prob(x).detach(), tolerance=1e-10)


def assert_reads_the_past(model, x):
    assert_causal(model.logits, x, torch.ones(7, 7).tril(-1).bool(), alternatives=3)


def test_depends_on_everything_before_and_nothing_else(model, x, monkeypatch):
    assert_reads_the_past(model, x)
    monkeypatch.setattr(char_rnn, "shift_right", lambda x, start: x)
    with pytest.raises(PropertyError):
        assert_reads_the_past(model, x)


def assert_ignores_padding(model, log_prob, rng):
    lengths = torch.tensor([7, 1, 3, 5, 2, 7])
    x = torch.randint(3, (6, 7), generator=rng)
    repadded = torch.where(torch.arange(7) < lengths[:, None], x, (x + 1) % 3)
    padded = log_prob(x, lengths=lengths).detach()
    assert_close(padded, log_prob(repadded, lengths=lengths).detach(), tolerance=1e-12)
    cut = torch.cat([log_prob(row[None, :n], lengths=None) for row, n in zip(x, lengths, strict=True)])
    assert_close(padded, cut.detach(), tolerance=1e-12)


def test_padding_changes_nothing(model, rng):
    assert_ignores_padding(model, model.log_prob, rng)
    with pytest.raises(PropertyError):
        assert_ignores_padding(model, lambda x, lengths: model.log_prob(x), rng)


@pytest.mark.parametrize("length", [1, 4])
def test_strings_of_each_length_sum_to_one(model, length):
    x = torch.cat([all_strings(3, length), torch.zeros(3**length, 7 - length, dtype=torch.long)], dim=1)
    assert_normalized(lambda x: model.log_prob(x, lengths=torch.full((len(x),), length)), x, tolerance=1e-12)
