"""Visible checks of task 2: masses that sum to one, hand-computed values, and tails that stay exact."""

import math
from functools import partial
from typing import Any

import torch
from matplotlib.figure import Figure

from dgm_course.testing import assert_close, assert_normalized, gradient

READ = "task 2 of the notebook, and lecture 2, section 'Discretised logistics'"

MIXTURE = (  # one narrow component inside, one outside, one broad
    torch.tensor([-0.3, 2.5, 0.1], dtype=torch.float64),
    torch.tensor([-4.0, -1.0, 1.0], dtype=torch.float64),
    torch.tensor([0.4, -1.0, 0.3], dtype=torch.float64),
)


Mixture = tuple[torch.Tensor, ...]


def _log_mass(student: Any, mixture: Mixture, num_levels: int, x: torch.Tensor) -> torch.Tensor:
    parameters = (parameter.expand(len(x), -1) for parameter in mixture)
    return student.discretized_logistic_log_prob(x, *parameters, num_levels)


def _of_every_level(student: Any, mixture: Mixture, num_levels: int) -> torch.Tensor:
    return _log_mass(student, mixture, num_levels, torch.arange(num_levels))


def _one(value: float) -> torch.Tensor:
    return torch.tensor([[value]], dtype=torch.float64)


def check_hand_computed(student: Any) -> None:
    """Three levels under one logistic: σ(−½), σ(½) − σ(−½), σ(−½)"""
    edge = 1 / (1 + math.exp(0.5))
    assert_close(
        _of_every_level(student, (_one(0.0)[0], _one(0.0)[0], _one(0.0)[0]), 3),
        torch.tensor([edge, 1 - 2 * edge, edge], dtype=torch.float64).log(),
        what="the log-masses of levels 0, 1, 2 at −1, 0, 1 with mean 0 and scale 1",
        cause="levels not on [−1, 1], a half-width other than 1/(K−1), or edge bins without their tails",
        read=READ,
    )


def check_normalized(student: Any) -> None:
    """The masses of all levels sum to 1, also with a mean outside [−1, 1]"""
    for num_levels in (2, 17, 256):  # 1/255 is no binary fraction: levels in float32 show
        assert_normalized(
            partial(_log_mass, student, MIXTURE, num_levels),
            torch.arange(num_levels),
            cause="edge bins without their tails, mixture weights that are not a softmax, or a wrong half-width; if "
            "it is nearly 1: integers divided by a number are float32, so convert x to the dtype of means first",
            read=READ,
        )


def check_mixture(student: Any) -> None:
    """A mixture averages the masses of its components, not their logarithms"""
    means, log_scales, logits = MIXTURE
    single = torch.stack(
        [
            _of_every_level(student, (means[m : m + 1], log_scales[m : m + 1], _one(0.0)[0]), 17)
            for m in range(3)
        ]
    )
    assert_close(
        _of_every_level(student, MIXTURE, 17),
        (logits.softmax(0)[:, None] * single.exp()).sum(0).log(),
        what="the log-masses of a mixture, from those of its three components",
        cause="a weighted sum of log-masses (mixture outside the logsumexp), or logits used without softmax",
        read="task 2 of the notebook, last sentence before 'Written like this', and lecture 2, section 'Mixtures'",
    )


def check_tails(student: Any) -> None:
    """Far from the mean the log-mass and its gradient stay finite and exact"""
    scale = math.exp(-5.0)
    arguments = (torch.tensor([8]), _one(-3.0), _one(-5.0), _one(0.0), 17)
    cause = "the logarithm of a difference that rounds to 0, or a clamp; use the product form"
    assert_close(
        student.discretized_logistic_log_prob(*arguments),
        torch.tensor([(1 / 16 - 3.0) / scale], dtype=torch.float64),  # log σ(−b); the other factors are 1
        what="the log-mass of level 8 of 0 … 16 at mean −3, scale exp(−5)",
        cause=cause,
        read="task 2 of the notebook, the product form, and lecture 2, section 'Discretised logistics'",
    )
    (slope,) = gradient(student.discretized_logistic_log_prob, *arguments, wrt=(1,))
    assert_close(
        slope,
        _one(1 / scale),
        what="its derivative in the mean",
        cause=cause,
        read="task 2 of the notebook, the product form, and lecture 2, section 'Discretised logistics'",
    )


def picture(student: Any) -> Figure:
    """The student's masses of a mixture on 17 levels."""
    figure = Figure(figsize=(5, 2.6), layout="constrained")
    axes = figure.subplots()
    mass = _of_every_level(student, MIXTURE, 17).exp()
    axes.bar(range(17), mass)
    axes.set(xlabel="level", ylabel="mass", title=f"your masses sum to {mass.sum():.10f}")
    return figure
