"""Task 1: the table is the smoothed counts, descent arrives there, the loss has the entropy as floor."""

import pytest
import torch

from dgm_course.testing import assert_bound, assert_close, assert_shape

READ = "task 1 of the notebook, and lecture 2, section 'Histograms'"


def levels_with_counts(counts, rng):
    """Examples in random order, level k counts[k] times."""
    x = torch.arange(len(counts)).repeat_interleave(counts)
    return x[torch.randperm(len(x), generator=rng)]


def smoothed_table(x, num_levels, smoothing):
    counts = (x[:, None] == torch.arange(num_levels)).sum(dim=0).double()
    return ((counts + smoothing) / (len(x) + num_levels * smoothing)).log()


def divergence_from(frequencies, logits):
    """KL(softmax of the logits ‖ frequencies)"""
    log_q = torch.log_softmax(logits, dim=-1)
    return (log_q.exp() * (log_q - frequencies.log())).sum()


def entropy(counts):
    p = counts.double() / counts.sum()
    return -torch.xlogy(p, p).sum()


@pytest.mark.points(2)
def test_table_is_the_smoothed_counts(student, rng):
    """The table is (count + α) / (n + Kα) for every number of examples and levels, also 1"""
    for num_examples, num_levels in ((57, 7), (1, 4), (23, 1)):
        grid = torch.randint(num_levels, (num_examples, 3), generator=rng)
        x = grid[:, 1]  # not contiguous
        smoothing = 0.1 + 2 * torch.rand((), generator=rng).item()
        assert_close(
            student.fit_histogram(x, num_levels, smoothing),
            smoothed_table(x, num_levels, smoothing),
            what=f"the table of {num_examples} examples on {num_levels} levels",
            cause="a shifted level, α left out, or a total other than n + Kα",
            read=READ,
        )


@pytest.mark.points(1)
def test_unseen_levels_keep_a_place(student, rng):
    """The lowest and the highest levels get probability although the data never show them"""
    num_levels = 9
    x = 2 + torch.randint(num_levels - 4, (40,), generator=rng)
    assert_close(
        student.fit_histogram(x, num_levels, smoothing=0.25),
        smoothed_table(x, num_levels, 0.25),
        what="the table of levels 2 … 6 out of 0 … 8",
        cause="the number of levels taken from the largest example, or smoothing left out (log 0)",
        read=READ,
    )


@pytest.mark.points(1)
def test_descent_arrives_at_the_counts(student, rng):
    """Gradient descent on the logits ends within 0.001 nats of the counts, and after two steps it is on its way"""
    read = "task 1 of the notebook, and lecture 2, section 'Gradient descent on logits'"
    counts = 10 + 6 * torch.randperm(5, generator=rng) + torch.randint(6, (5,), generator=rng)
    x, frequencies = levels_with_counts(counts, rng), counts.double() / counts.sum()
    early, late = (
        student.fit_softmax_histogram(x, 5, num_steps=num_steps, learning_rate=rate)
        for num_steps, rate in ((2, 0.5), (400, 1.0))
    )
    for logits in (early, late):
        assert_shape(logits, (5,), what="the logits", read=read)
    assert_close(
        divergence_from(frequencies, late),
        torch.zeros((), dtype=torch.float64),
        tolerance=1e-3,
        what="KL(softmax of the logits ‖ frequencies) after 400 steps of length 1",
        cause="a summed loss (steps n times too long), softmax applied twice, or the wrong sign",
        read=read,
    )
    assert_bound(
        divergence_from(frequencies, early) / divergence_from(frequencies, torch.zeros(5).double()),
        0.2,
        0.95,
        what="KL(softmax of the logits ‖ frequencies) after 2 steps of length 0.5, as a part of that before the first",
        cause="the logits do not begin at 0, or they are counted instead of descended to",
        read=read,
    )


@pytest.mark.points(1)
def test_loss_is_nats_per_example(student, rng):
    """The loss of any table is the entropy of the data plus the divergence from it, in nats"""
    counts = torch.randint(1, 30, (6,), generator=rng)
    log_q = torch.log_softmax(torch.randn(6, generator=rng, dtype=torch.float64), dim=-1)
    p = counts.double() / counts.sum()
    assert_close(
        student.histogram_nll(log_q, levels_with_counts(counts, rng)),
        entropy(counts) + (p * (p.log() - log_q)).sum(),
        what="the loss of a random table",
        cause="a mean over the levels instead of the examples, a sum, or a logarithm to base 2",
        read="task 1 of the notebook, first equation, and lecture 2, section 'Histograms'",
    )


@pytest.mark.points(1)
def test_counting_reaches_the_entropy_floor(student, rng):
    """The unsmoothed table reaches the entropy of its own data: no table does better"""
    counts = torch.randint(1, 30, (6,), generator=rng)
    x = levels_with_counts(counts, rng)
    assert_close(
        student.histogram_nll(student.fit_histogram(x, 6, smoothing=0.0), x),
        entropy(counts),
        what="the loss of the unsmoothed table on its own examples",
        cause="below it: the table sums to more than one; above it: shifted levels, or smoothing at α = 0",
        read="task 1 of the notebook, first equation, and lecture 2, section 'Histograms'",
    )
