"""Visible checks of task 12: a distribution for each class, Bayes' rule in logarithms, and the right units."""

import math
from functools import partial
from typing import Any

import torch
from matplotlib.figure import Figure

from dgm_course.testing import (
    assert_bound,
    assert_causal,
    assert_close,
    assert_normalized,
    binary_strings,
    outputs_over_weights,
    randomize,
)

READ = "task 12 of the notebook, and lecture 2, section 'Conditional models'"


def _model(student: Any, seed: int = 0) -> Any:
    """A random model of five bits and three classes, so that nothing is right by the luck of its initialisation."""
    return randomize(student.ConditionalMADE(5, 3, (12,)), torch.Generator().manual_seed(seed), scale=0.7)


def _logits(student: Any, num_draws: int, x: torch.Tensor, label: int) -> torch.Tensor:
    """(B, 5, draws): what one draw of the weights hides, another shows."""
    model, generator = student.ConditionalMADE(5, 3, (12,)), torch.Generator().manual_seed(0)
    return outputs_over_weights(
        model, generator, x, torch.full((len(x),), label), num_draws=num_draws, scale=0.7
    )


def _log_prob_of_class(model: Any, label: int, x: torch.Tensor) -> torch.Tensor:
    return model.log_prob(x, torch.full((len(x),), label))


def _largest_changes(student: Any) -> torch.Tensor:
    """(pairs of classes, dimensions): how far exchanging the label moves a logit, over all strings and six models."""
    logits = [_logits(student, 6, binary_strings(5), label) for label in range(3)]
    return torch.stack([(logits[a] - logits[b]).abs().amax(dim=(0, 2)) for a, b in ((0, 1), (0, 2), (1, 2))])


def check_units(student: Any) -> None:
    """An image of 64 pixels, each uniform on 17 levels, costs log₂ 17 = 4.087 bits per dimension"""
    assert_close(
        student.nats_to_bits_per_dim(torch.tensor([64 * math.log(17), 0.0], dtype=torch.float64), 64),
        torch.tensor([math.log2(17), 0.0], dtype=torch.float64),
        what="bits per dimension of 64 · log 17 nats and of 0 nats",
        cause="log 2 multiplied instead of divided, a logarithm taken once more, or the number of dimensions forgotten",
        read="task 12 of the notebook, 'units', and lecture 2, section 'Bits per dimension'",
    )


def check_posterior(student: Any) -> None:
    """The posterior of two classes at −1000 and −1001 nats, with prior ¼ and ¾, is 0.4754 and 0.5246"""
    log_prior = torch.tensor([0.25, 0.75], dtype=torch.float64).log()
    odds = 3 * math.exp(-1.0)
    assert_close(
        student.class_log_posterior(torch.tensor([[-1000.0, -1001.0]], dtype=torch.float64), log_prior),
        torch.tensor([[1 / (1 + odds), odds / (1 + odds)]], dtype=torch.float64).log(),
        what="log p(y | x)",
        cause="the prior is left out, likelihoods underflow to 0 before the division, or the wrong dimension",
        read="task 12 of the notebook, Bayes' rule, and lecture 2, section 'Conditional models'",
    )


def check_normalized(student: Any) -> None:
    """For each class, the probabilities of all 32 strings of five bits sum to 1"""
    model = _model(student)
    for label in range(3):
        assert_normalized(
            partial(_log_prob_of_class, model, label),
            binary_strings(5),
            cause="a path from x to an output that no mask guards (does task 5 pass?), or a mean over the dimensions",
            read=READ,
        )


def check_dependencies(student: Any) -> None:
    """Given the class, each logit depends on the dimensions before it, on all of them and on nothing else"""
    earlier = torch.ones(5, 5, dtype=torch.bool).tril(-1)
    cause = (
        "a layer without its mask (does the label come in together with x?), degrees that leave dimensions out, or "
        "`made_masks` of task 5 (does its check pass?)"
    )
    assert_causal(lambda x: _logits(student, 12, x, 1), binary_strings(5), earlier, cause=cause, read=READ)


def check_label(student: Any) -> None:
    """The label moves the logit of every dimension, of the first one too"""
    assert_bound(
        _largest_changes(student),
        lower=1e-6,
        what="change of a logit (column: dimension) between two classes (rows: 0–1, 0–2, 1–2)",
        cause="the label does not reach the output layer, and no hidden unit is connected to the first dimension",
        read="task 12 of the notebook, 'Do not forget the last one', and lecture 2, section 'Conditional models'",
    )


def check_bayes(student: Any) -> None:
    """The classifier is Bayes' rule on the model's own likelihoods, with the prior that it is given"""
    model, x = _model(student), binary_strings(5)
    log_prior = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64).log()
    joint = torch.stack([_log_prob_of_class(model, label, x) for label in range(3)], dim=1) + log_prior
    assert_close(
        model.log_posterior(x, log_prior),
        joint - joint.logsumexp(dim=1, keepdim=True),
        what="log p(y | x), from log_prob and the prior",
        cause="the prior is left out, or the joint is not divided by p(x)",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """How far the label moves each logit."""
    figure = Figure(figsize=(5, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.bar(range(5), _largest_changes(student).amin(dim=0).detach())
    axes.set(xlabel="dimension", ylabel="label moves the logit by", xticks=range(5))
    return figure
