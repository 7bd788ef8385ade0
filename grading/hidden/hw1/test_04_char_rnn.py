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
    draw_dependent,
    randomize,
)

READ = "task 4 of the notebook, and lecture 2, section 'Recurrent models'"


def assert_has_memory(student, rng):
    """A table of which symbol follows which can be asked step by step and in a batch, too.

    Of five symbols the last is always the same: whoever does not score it may well have a memory.
    """
    model = student.CharRNN(3, 3, 6)
    draw_dependent(
        model,
        rng,
        all_strings(3, 4),
        log_prob=lambda x: model.log_prob(torch.cat([x, x[:, :1] * 0], dim=1), torch.full((len(x),), 5)),
        deep=True,
        read=READ,
    )


def draw_model(student, rng, num_symbols, length=3):
    """A random model, after a look at whether its strings of that length are more than independent symbols."""
    assert_has_memory(student, rng)
    model = student.CharRNN(num_symbols, 3, 6)
    return draw_dependent(
        model,
        rng,
        all_strings(num_symbols, length),
        log_prob=lambda x: model.log_prob(x, torch.full((len(x),), length)),
        read=READ,
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

    def assert_steps_agree(num_symbols, x, lengths):
        by_steps = log_prob_by_steps(model, num_symbols, x).gather(1, lengths[:, None] - 1)[:, 0]
        assert_close(
            model.log_prob(x, lengths),
            by_steps,
            tolerance=1e-10,
            what=f"log p of {len(x)} strings of up to {x.shape[1]} symbols, from stepping through them",
            cause="inputs that are not shifted, another start symbol than K, or a length off by one",
            read=READ,
        )
        return by_steps

    for num_symbols, batch, longest in ((5, 4, 9), (2, 1, 1), (7, 3, 4)):
        model = draw_model(student, rng, num_symbols)
        x = torch.randint(num_symbols, (longest, batch), generator=rng).T  # not contiguous
        assert_steps_agree(num_symbols, x, torch.randint(1, longest + 1, (batch,), generator=rng))
    model, x = draw_model(student, rng, 3), all_strings(3, 3)
    assert_not_independent(assert_steps_agree(3, x, torch.full((27,), 3)), x, read=READ)


@pytest.mark.points(2)
def test_padding_changes_nothing(student, rng):
    """Other symbols behind the end of a string, and more of them, leave its log-probability alone"""
    model, strings = draw_model(student, rng, 4), all_strings(4, 3)
    x = torch.randint(4, (5 + len(strings), 8), generator=rng)
    x[5:, :3] = strings
    lengths = torch.tensor([1, 3, 7, 4, 6] + [3] * len(strings))
    behind = torch.arange(8) >= lengths[:, None]
    other = torch.where(behind, (x + 1 + torch.randint(3, x.shape, generator=rng)) % 4, x)
    longer = torch.cat([other, torch.randint(4, (len(x), 3), generator=rng)], dim=1)
    cause = "the log-probabilities of the padding are in the sum, or the padding is read before the string"
    log_p = model.log_prob(x, lengths)
    assert_shape(log_p, (len(x),), what="log p", read=READ)
    assert_not_independent(log_p[5:], strings, read=READ)
    for padded in (other, longer):
        assert_close(
            model.log_prob(padded, lengths),
            log_p,
            tolerance=1e-10,
            what=f"log p of {len(x)} strings after their padding was replaced",
            cause=cause,
            read="task 4 of the notebook, 'Batched', and lecture 2, section 'Recurrent models'",
        )


@pytest.mark.points(1)
def test_all_strings_sum_to_one(student, rng):
    """The probabilities of all strings of one length sum to 1, whatever the padding"""
    for num_symbols, length, padding in ((2, 6, 0), (3, 4, 2), (4, 1, 1)):
        model = draw_model(student, rng, num_symbols, length)
        assert_normalized(
            lambda x, m=model, n=length, p=padding: m.log_prob(
                torch.cat([x, x.new_zeros(len(x), p)], dim=1), torch.full((len(x),), n)
            ),
            all_strings(num_symbols, length),
            dependent=True,
            cause="unshifted inputs (the network reads what it should predict), a mean, or a symbol left out",
            read=READ,
        )


@pytest.mark.points(1)
def test_no_call_remembers_another(student, rng):
    """The answer about a string does not depend on what was asked or drawn before"""
    model, x = draw_model(student, rng, 4), all_strings(4, 3)
    others, lengths = torch.randint(4, x.shape, generator=rng), torch.full((len(x),), 3)
    before = model.log_prob(x, lengths)
    assert_not_independent(before, x, read=READ)
    model.log_prob(others, torch.randint(1, 4, (len(x),), generator=rng))
    model.sample(len(x), 3, torch.Generator().manual_seed(1))
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
    assert_has_memory(student, rng)
    support = all_strings(3, 3)
    for _ in range(3):  # one model alone may happen to draw its symbols almost independently
        model = randomize(student.CharRNN(3, 4, 8), rng)
        log_p = log_prob_by_steps(model, 3, support)[:, -1]
        assert_not_independent(log_p, support, read=READ)
        seed = int(torch.randint(2**31, (), generator=rng))
        samples = model.sample(4000, 3, torch.Generator().manual_seed(seed))
        assert_shape(samples, (4000, 3), what="samples", read="the docstring of sample in task 4")
        assert_samples_follow(
            samples,
            log_p.exp(),
            false_alarm=1e-6 / 3,
            cause="the drawn symbol is not the next input, the state is not carried along, or argmax for a draw",
            read="task 4 of the notebook, 'Stepwise', and lecture 2, section 'Sampling'",
        )


@pytest.mark.points(1)
def test_generator_decides_the_samples(student, rng):
    """The same generator gives the same strings, another one gives others"""
    assert_has_memory(student, rng)
    scale = 0.3  # no symbol so likely that draws agree by chance
    model = randomize(student.CharRNN(8, 3, 6), rng, scale)
    seed = int(torch.randint(2**31, (), generator=rng))
    first, again, other = (
        model.sample(3, 20, torch.Generator().manual_seed(s)) for s in (seed, seed, seed + 1)
    )
    cause = "a draw without `generator=generator`, which comes from the global random state"
    read = "the docstring of sample in task 4, and the first section of the notebook, 'Random numbers'"
    assert_shape(first, (3, 20), what="samples", read=read)
    assert_close(again, first, what="samples from the same generator", cause=cause, read=read)
    one, another = (
        randomize(student.CharRNN(8, 3, 6), rng, scale).sample(64, 20, torch.Generator().manual_seed(seed))
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
