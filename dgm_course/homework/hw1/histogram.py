"""Visible checks of task 1: counting, smoothing, and gradient descent that arrives at the counts."""

import math
from typing import Any

import torch
from matplotlib.figure import Figure

from dgm_course.testing import assert_close

READ = "task 1 of the notebook, the formula of smoothing, and lecture 2, section 'Histograms'"

LEVELS = torch.tensor([2, 0, 2, 3, 2, 0, 3, 2, 1, 2])  # counts 2, 1, 5, 2 and, of five levels, one never seen


def check_counts(student: Any) -> None:
    """The table holds the frequencies of the levels"""
    assert_close(
        student.fit_histogram(LEVELS, 4, smoothing=0.0),
        torch.tensor([0.2, 0.1, 0.5, 0.2], dtype=torch.float64).log(),
        what="the table of ten examples with counts 2, 1, 5, 2",
        cause="a shifted level (they start at 0), probabilities without a logarithm, or no division by n",
        read=READ,
    )


def check_smoothing(student: Any) -> None:
    """Smoothing adds α to every level, also to one never seen, and the sum stays 1"""
    assert_close(
        student.fit_histogram(LEVELS, 5, smoothing=0.5),
        torch.tensor([2.5, 1.5, 5.5, 2.5, 0.5], dtype=torch.float64).div(12.5).log(),
        what="the smoothed table of counts 2, 1, 5, 2, 0 with α = 0.5",
        cause="α left out, α missing from the total n + Kα, or the number of levels taken from the data",
        read=READ,
    )


def check_nll(student: Any) -> None:
    """The negative log-likelihood is the mean over the examples, in nats"""
    log_probs = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64).log()
    assert_close(
        student.histogram_nll(log_probs, torch.tensor([0, 0, 2, 0, 0, 2])),
        torch.tensor(
            -(2 * math.log(0.5) + math.log(0.2)) / 3, dtype=torch.float64
        ),  # 2/3: float32 would show
        what="the loss of the examples 0, 0, 2, 0, 0, 2",
        cause="a mean over the levels instead of the examples, a sum, or a logarithm to base 2; if it differs late: "
        "integer counts / n are float32, so convert the counts first",
        read="task 1 of the notebook, first equation, and lecture 2, section 'Histograms'",
    )


def check_gradient_descent(student: Any) -> None:
    """Gradient descent on the logits arrives at the counts"""
    logits = student.fit_softmax_histogram(LEVELS, 4, num_steps=400, learning_rate=1.0)
    counted = torch.tensor([0.2, 0.1, 0.5, 0.2], dtype=torch.float64)
    assert_close(
        torch.log_softmax(logits, dim=-1).exp(),
        counted,
        tolerance=1e-6,
        what="the softmax of the logits after 400 steps",
        cause="a summed loss (steps n times too long), softmax applied twice, or the wrong sign",
        read="task 1 of the notebook, last equation, and lecture 2, section 'Gradient descent on logits'",
    )


def picture(student: Any) -> Figure:
    """The student's smoothed table beside the counts it should come from."""
    figure = Figure(figsize=(5, 2.6), layout="constrained")
    axes = figure.subplots()
    levels = range(5)
    expected = torch.tensor([2.5, 1.5, 5.5, 2.5, 0.5]) / 12.5
    axes.bar(levels, expected, color="lightgray", label="(count + α) / (n + Kα)")
    axes.plot(levels, student.fit_histogram(LEVELS, 5, smoothing=0.5).exp(), "o", label="yours")
    axes.set(xlabel="level", ylabel="probability", xticks=list(levels))
    axes.legend(fontsize=8)
    return figure
