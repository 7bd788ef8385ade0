"""Task 4: one distribution over strings, whether computed in a batch, step by step, padded, again, or by sampling."""

import pytest
import torch

from dgm_course.testing import (
    all_strings,
    assert_bound,
    assert_close,
    assert_normalized,
    assert_not_independent,
    assert_samples_follow,
    assert_shape,
    randomize,
)

READ = "task 4 of the notebook, and lecture 2, section 'Recurrent models'"


def random_model(student, rng, num_symbols, embedding_dim=3, hidden_dim=6, scale=1.0):
    return randomize(student.CharRNN(num_symbols, embedding_dim, hidden_dim), rng, scale)


def assert_reads_the_past(model, num_symbols):
    """A model that takes no notice of its input is consistent in every way, too."""
    assert_not_independent(
        lambda x: model.log_prob(x, torch.full((len(x),), 3)), all_strings(num_symbols, 3), read=READ
    )


def log_prob_by_steps(model, num_symbols, x):
    """log p of every prefix of x, (B, T), by walking through it."""
    symbol, state = torch.full((len(x),), num_symbols), model.initial_state(len(x))
    steps = []
    for target in x.T:
        logits, state = model.step(symbol, state)
        steps.append(torch.log_softmax(logits, dim=-1).gather(1, target[:, None])[:, 0])
        symbol = target
    return torch.stack(steps, dim=1).cumsum(dim=1)


@pytest.mark.points(2)
def test_stepwise_equals_batched(student, rng):
    """Stepping through strings gives the log-probabilities of the batch to 1e-10, for every length"""
    for num_symbols, batch, longest in ((5, 4, 9), (2, 1, 1), (7, 3, 4)):
        model = random_model(student, rng, num_symbols)
        assert_reads_the_past(model, num_symbols)
        x = torch.randint(num_symbols, (longest, batch), generator=rng).T  # not contiguous
        lengths = torch.randint(1, longest + 1, (batch,), generator=rng)
        assert_close(
            model.log_prob(x, lengths),
            log_prob_by_steps(model, num_symbols, x).gather(1, lengths[:, None] - 1)[:, 0],
            tolerance=1e-10,
            what=f"log p of {batch} strings of up to {longest} symbols, from stepping through them",
            cause="inputs that are not shifted, another start symbol than K, or a length off by one",
            read=READ,
        )


@pytest.mark.points(2)
def test_padding_changes_nothing(student, rng):
    """Other symbols behind the end of a string, and more of them, leave its log-probability alone"""
    model = random_model(student, rng, 6)
    assert_reads_the_past(model, 6)
    x = torch.randint(6, (5, 8), generator=rng)
    lengths = torch.tensor([1, 3, 7, 4, 6])
    behind = torch.arange(8) >= lengths[:, None]
    other = torch.where(behind, (x + 1 + torch.randint(5, x.shape, generator=rng)) % 6, x)
    longer = torch.cat([other, torch.randint(6, (5, 3), generator=rng)], dim=1)
    cause = "the log-probabilities of the padding are in the sum, or the padding is read before the string"
    for padded in (other, longer):
        assert_close(
            model.log_prob(padded, lengths),
            model.log_prob(x, lengths),
            tolerance=1e-10,
            what="log p of five strings after their padding was replaced",
            cause=cause,
            read="task 4 of the notebook, 'Batched', and lecture 2, section 'Recurrent models'",
        )


@pytest.mark.points(1)
def test_all_strings_sum_to_one(student, rng):
    """The probabilities of all strings of one length sum to 1, whatever the padding"""
    for num_symbols, length, padding in ((2, 6, 0), (3, 4, 2), (4, 1, 1)):
        model = random_model(student, rng, num_symbols)
        assert_reads_the_past(model, num_symbols)
        assert_normalized(
            lambda x, m=model, n=length, p=padding: m.log_prob(
                torch.cat([x, x.new_zeros(len(x), p)], dim=1), torch.full((len(x),), n)
            ),
            all_strings(num_symbols, length),
            cause="unshifted inputs (the network reads what it should predict), a mean, or a symbol left out",
            read=READ,
        )


@pytest.mark.points(1)
def test_no_call_remembers_another(student, rng):
    """The answer about a string does not depend on what was asked or drawn before"""
    model = random_model(student, rng, 4)
    assert_reads_the_past(model, 4)
    x, others = torch.randint(4, (2, 6, 5), generator=rng)
    lengths = torch.randint(1, 6, (6,), generator=rng)
    before = model.log_prob(x, lengths)
    model.log_prob(others, lengths)
    model.sample(6, 3, torch.Generator().manual_seed(1))
    assert_close(
        model.log_prob(x, lengths),
        before,
        tolerance=1e-12,
        what="log p of the same strings when asked again",
        cause="the state is kept in the module between calls; begin each call from the initial state",
        read="task 4 of the notebook, 'What breaks if', and lecture 2, section 'Recurrent models'",
    )


@pytest.mark.points(1)
def test_samples_follow_log_prob(student, rng):
    """Sampled strings have the frequencies that log_prob gives them"""
    support = all_strings(3, 3)
    for _ in range(3):  # one model alone may happen to draw its symbols almost independently
        model = randomize(student.CharRNN(3, 4, 8), rng)
        assert_not_independent(lambda x, m=model: log_prob_by_steps(m, 3, x)[:, -1], support, read=READ)
        seed = int(torch.randint(2**31, (), generator=rng))
        samples = model.sample(4000, 3, torch.Generator().manual_seed(seed))
        assert_shape(samples, (4000, 3), what="samples", read="the docstring of sample in task 4")
        assert_samples_follow(
            samples,
            log_prob_by_steps(model, 3, support)[:, -1].exp(),
            false_alarm=1e-6 / 3,
            cause="the drawn symbol is not the next input, the state is not carried along, or argmax for a draw",
            read="task 4 of the notebook, 'Stepwise', and lecture 2, section 'Sampling'",
        )


@pytest.mark.points(1)
def test_generator_decides_the_samples(student, rng):
    """The same generator gives the same strings, another one gives others"""
    model = random_model(student, rng, 8, scale=0.3)  # no symbol so likely that draws agree by chance
    seed = int(torch.randint(2**31, (), generator=rng))
    first, again, other = (
        model.sample(3, 20, torch.Generator().manual_seed(s)) for s in (seed, seed, seed + 1)
    )
    cause = "a draw without `generator=generator`, which comes from the global random state"
    read = "the docstring of sample in task 4, and the first section of the notebook, 'Random numbers'"
    assert_close(again, first, what="samples from the same generator", cause=cause, read=read)
    one, another = (
        random_model(student, rng, 8, scale=0.3).sample(64, 20, torch.Generator().manual_seed(seed))
        for _ in range(2)
    )
    assert_bound(
        (one != another).sum(),
        lower=1,
        what="symbols that differ between two models with the same generator",
        cause="the drawn symbols take no notice of the logits",
        read=read,
    )
    assert_bound(
        (other != first).sum(),
        lower=1,
        what="symbols that differ between two generators",
        cause="argmax in place of a draw, or a seed set inside the function",
        read=read,
    )
