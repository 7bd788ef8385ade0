"""Task 3: a distribution over strings whose tables look at exactly the d symbols before, and know the beginning."""

import pytest
import torch

from dgm_course.testing import (
    all_strings,
    assert_bound,
    assert_causal,
    assert_close,
    assert_normalized,
    assert_not_independent,
    randomize,
)

READ = "task 3 of the notebook, and lecture 2, section 'Markov models'"


def random_model(student, rng, num_symbols, context, embedding_dim=4, hidden_dim=16):
    return randomize(student.MarkovMLP(num_symbols, context, embedding_dim, hidden_dim), rng)


def reading_model(student, rng, num_symbols, context):
    """A random model, after a look at whether it reads its window at all."""
    model = student.MarkovMLP(num_symbols, context, 4, 16)
    assert_not_independent(
        lambda x: randomize(model, rng).log_prob(x),
        all_strings(num_symbols, 2),
        draws=8,
        read=READ,
    )
    return randomize(model, rng)


@pytest.mark.points(1)
def test_all_strings_sum_to_one(student, rng):
    """The probabilities of all strings sum to 1, also of strings shorter than the window"""
    for num_symbols, context, length in ((2, 4, 6), (3, 2, 4), (5, 3, 1), (1, 2, 3)):
        assert_normalized(
            reading_model(student, rng, num_symbols, context).log_prob,
            all_strings(num_symbols, length),
            cause="a window that contains x_t, a mean over the positions, or a first symbol that is never scored",
            read=READ,
        )


@pytest.mark.points(2)
def test_depends_on_exactly_the_window(student, rng):
    """The logits of position t depend on each of the d symbols before t and on nothing else"""
    for num_symbols, context, length in ((3, 2, 7), (2, 5, 8), (4, 1, 4)):
        distance = torch.arange(length)[:, None] - torch.arange(length)
        assert_causal(
            random_model(student, rng, num_symbols, context),
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
    model = random_model(student, rng, num_symbols, context)
    logits = model(torch.arange(num_symbols)[:, None].expand(-1, context + 2))
    change = (logits[:, context] - logits[:, 0]).abs().amax(dim=-1)
    assert_bound(
        change,
        lower=1e-6,
        what="change of the logits from the empty window to a window of one repeated symbol",
        cause="the places before the string are filled with a symbol of the data instead of index K",
        read="task 3 of the notebook, 'start symbol', and lecture 2, section 'Markov models'",
    )


@pytest.mark.points(1)
def test_order_in_the_window_matters(student, rng):
    """Two different symbols exchanged within the window give other logits"""
    model = random_model(student, rng, 5, 2)
    pair = torch.randperm(5, generator=rng)[:2]
    ending = torch.zeros(1, dtype=torch.int64)
    logits = model(torch.stack([torch.cat([pair, ending]), torch.cat([pair.flip(0), ending])]))
    assert_bound(
        (logits[0, 2] - logits[1, 2]).abs().max(),
        lower=1e-6,
        what="change of the logits when the two symbols of the window are exchanged",
        cause="the embeddings are summed or averaged instead of laid side by side",
        read="task 3 of the notebook, first paragraph, and lecture 2, section 'Markov models'",
    )


@pytest.mark.points(1)
def test_log_prob_sums_the_conditionals(student, rng):
    """The log-probability is the sum of the log-softmax at the symbols that occurred, first position included"""
    for num_symbols, context, length, batch in ((4, 2, 9, 5), (3, 3, 1, 1)):
        model = reading_model(student, rng, num_symbols, context)
        x = torch.randint(num_symbols, (length, batch), generator=rng).T  # not contiguous
        log_probs = torch.log_softmax(model(x), dim=-1)
        assert_close(
            model.log_prob(x),
            log_probs.gather(-1, x[..., None])[..., 0].sum(dim=1),
            what="log p(x), from the logits of forward",
            cause="a mean over the positions, or logits and symbols shifted against each other a second time",
            read=READ,
        )
