"""Task 3: a distribution over strings whose tables look at exactly the d symbols before, and know the beginning."""

import pytest
import torch

from dgm_course.testing import (
    all_strings,
    assert_bound,
    assert_causal,
    assert_close,
    assert_each_alone,
    assert_normalized,
    assert_not_independent,
    draw_dependent,
    outputs_over_weights,
)

READ = "task 3 of the notebook, and lecture 2, section 'Markov models'"


def draw_model(student, rng, num_symbols, context):
    """Random weights under which two symbols depend on each other, hence those of all longer strings."""
    assert_has_hidden_layer(student, rng)
    model = student.MarkovMLP(num_symbols, context, 4, 16)
    return draw_dependent(model, rng, all_strings(num_symbols, 2), read=READ)


def assert_has_hidden_layer(student, rng):
    """A sum of one table for each place of the window is a Markov model, too."""
    draw_dependent(student.MarkovMLP(3, 3, 4, 16), rng, all_strings(3, 4), deep=True, read=READ)


def two_models(student, rng, num_symbols, context):
    """x (B, T) -> logits (B, T, K, 2): those of two models of random weights."""
    assert_has_hidden_layer(student, rng)
    model = student.MarkovMLP(num_symbols, context, 4, 16)
    return lambda x: outputs_over_weights(model, rng, x, num_draws=2)


@pytest.mark.points(1)
def test_all_strings_sum_to_one(student, rng):
    """The probabilities of all strings sum to 1, also of strings shorter than the window"""
    for num_symbols, context, length in ((2, 4, 6), (3, 2, 4), (5, 3, 1), (1, 2, 3)):
        assert_normalized(
            draw_model(student, rng, num_symbols, context).log_prob,
            all_strings(num_symbols, length),
            dependent=True,
            cause="a window that contains x_t, a mean over the positions, or a first symbol that is never scored",
            read=READ,
        )


@pytest.mark.points(2)
def test_depends_on_exactly_the_window(student, rng):
    """The logits of position t depend on each of the d symbols before t and on nothing else"""
    for num_symbols, context, length in ((3, 2, 7), (2, 5, 8), (4, 1, 4)):
        distance = torch.arange(length)[:, None] - torch.arange(length)
        assert_causal(
            two_models(student, rng, num_symbols, context),
            torch.randint(num_symbols, (12, length), generator=rng),
            (distance >= 1) & (distance <= context),
            alternatives=num_symbols,
            cause="a window that is off by one (it is x[:, t−d] … x[:, t−1]), or positions mixed up by a reshape",
            read=READ,
        )


@pytest.mark.points(1)
def test_start_symbol_is_its_own(student, rng):
    """An empty window is unlike a window full of any one symbol"""
    num_symbols, context = 4, 3
    read = "task 3 of the notebook, 'start symbol', and lecture 2, section 'Markov models'"
    repeated = torch.arange(num_symbols)[:, None].expand(-1, context + 2)
    logits = two_models(student, rng, num_symbols, context)(repeated)
    empty, full = logits[:, 0], logits[:, context]
    assert_close(
        logits[:, context + 1],
        full,
        what="the logits after a full window of one repeated symbol, one position later,",
        cause="the logits depend on the position, or on more than the window",
        read=read,
    )
    assert_bound(
        (full[1:] - full[:-1]).abs().amax(dim=(1, 2)),
        lower=1e-6,
        what="change of the logits from a window of one symbol to a window of another",
        cause="the window is not read",
        read=read,
    )
    assert_bound(
        (full - empty).abs().amax(dim=(1, 2)),
        lower=1e-6,
        what="change of the logits from the empty window to a window of one repeated symbol",
        cause="the places before the string are filled with a symbol of the data instead of index K",
        read=read,
    )


@pytest.mark.points(1)
def test_order_in_the_window_matters(student, rng):
    """Two different symbols exchanged within the window give other logits, and in the same order the same"""
    read = "task 3 of the notebook, first paragraph, and lecture 2, section 'Markov models'"
    first, second = torch.randperm(5, generator=rng)[:2].tolist()
    x = torch.tensor([[first, second, first, second, second]])
    logits = two_models(student, rng, 5, 2)(x)[0]
    assert_close(
        logits[4],
        logits[2],
        what="the logits after the same two symbols, two positions later,",
        cause="the logits depend on the position, or on more than the window",
        read=read,
    )
    assert_bound(
        (logits[3] - logits[2]).abs().max(),
        lower=1e-6,
        what="change of the logits when the two symbols of the window are exchanged",
        cause="the embeddings are summed or averaged instead of laid side by side",
        read=read,
    )


@pytest.mark.points(1)
def test_log_prob_sums_the_conditionals(student, rng):
    """The log-probability is the sum of the log-softmax at the symbols that occurred, first position included"""
    for num_symbols, context, length in ((3, 2, 5), (3, 3, 1)):
        x = all_strings(num_symbols, length).T.contiguous().T
        model = draw_model(student, rng, num_symbols, context)
        log_probs = torch.log_softmax(assert_each_alone(model, x, what="the logits", read=READ), dim=-1)
        expected = log_probs.gather(-1, x[..., None])[..., 0].sum(dim=1)
        assert_not_independent(expected, x, read=READ)
        assert_close(
            model.log_prob(x),
            expected,
            what="log p(x), from the logits of forward",
            cause="a mean over the positions, or logits and symbols shifted against each other a second time",
            read=READ,
        )
