"""Task 12, visible checks: log-weights of a known flow, bound and estimate, and a fit whose end is known."""

import math
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Generator, Tensor, nn

from dgm_course.testing import assert_bound, assert_close, assert_shape, gradient

READ = "task 12 of the notebook, and lecture 5, section 'Reverse KL'"
WIDTH, HEIGHT, OFFSET = 2.0, 0.5, 3.0
WIDTHS = torch.tensor([WIDTH, HEIGHT], dtype=torch.float64)
NARROW = torch.tensor([WIDTH / 2, HEIGHT], dtype=torch.float64)
LOG_Z = OFFSET + math.log(2 * math.pi * WIDTH * HEIGHT)


class _Stretch(nn.Module):
    """x = z · scale."""

    scale: Tensor

    def __init__(self, scale: Tensor) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return z * self.scale, self.scale.abs().log().sum().expand(len(z))


def _noise(num: int) -> Tensor:
    return torch.randn(num, 2, generator=Generator().manual_seed(num), dtype=torch.float64)


def check_log_weights(student: Any) -> None:
    """Where the flow is the density, every log-weight is log Z"""
    log_w = student.log_weights(_Stretch(WIDTHS), student.Banana(WIDTH, HEIGHT, 0.0, OFFSET), _noise(7))
    assert_close(
        log_w,
        torch.full((7,), LOG_Z, dtype=torch.float64),
        what="the log-weights",
        cause="the sign of log_det, or the constant ½ D log 2π of the base",
        read=READ,
    )


def check_reverse_kl(student: Any) -> None:
    """Half as wide as the density: log q(x) − log γ(x), averaged, is that of a calculation by hand"""
    z = _noise(20)
    loss = student.reverse_kl(_Stretch(NARROW), student.Banana(WIDTH, HEIGHT, 0.0, OFFSET), z)
    expected = -LOG_Z + math.log(2) - (3 / 8) * z[:, 0].square().mean()
    assert_close(
        loss,
        expected,
        what="reverse_kl",
        cause="a sum for the mean, the sign, or γ and q exchanged",
        read=READ,
    )


def check_gradient(student: Any) -> None:
    """The gradient goes through the samples: a flow that is too narrow is told to widen, by how much is known"""
    z, target = _noise(20), student.Banana(WIDTH, HEIGHT, 0.0, OFFSET)

    (slope,) = gradient(lambda scale: student.reverse_kl(_Stretch(scale), target, z), NARROW)
    assert_close(
        slope,
        z.square().mean(0) * NARROW / WIDTHS**2 - 1 / NARROW,
        what="the gradient of reverse_kl",
        cause="a detach or no_grad on the way: x must carry its graph into log_density",
        read=READ,
    )


def check_normalizer(student: Any) -> None:
    """Weights 1 and 3: the bound is the mean of their logarithms, the estimate the logarithm of their mean"""
    for shift in (0.0, 1000.0, -1000.0):
        log_w = torch.tensor([0.0, math.log(3)], dtype=torch.float64) + shift
        bound, estimate = student.log_normalizer(log_w)
        what = f"of log-weights [0, log 3] + {shift:g}"
        assert_close(bound, math.log(3) / 2 + shift, what=f"the bound {what}", cause="E[log w]", read=READ)
        assert_close(
            estimate,
            math.log(2) + shift,
            what=f"the estimate {what}",
            cause="the logarithm of a mean: logsumexp, minus log N",
            read=READ,
        )


def _fitted(student: Any, num_steps: int, learning_rate: float = 0.05) -> tuple[_Stretch, list[float]]:
    flow = _Stretch(nn.Parameter(torch.ones(2, dtype=torch.float64)))
    history = student.fit_density(
        flow,
        student.Banana(WIDTH, HEIGHT, 0.0, OFFSET),
        num_dims=2,
        num_steps=num_steps,
        batch_size=50,
        learning_rate=learning_rate,
        generator=Generator().manual_seed(3),
    )
    assert_shape(
        torch.tensor(history), (num_steps,), what="history", cause="one number for each step", read=READ
    )
    return flow, history


def check_fit(student: Any) -> None:
    """fit_density: a flow that can be the density ends there, with the bound at log Z"""
    flow, history = _fitted(student, 120)
    assert_close(
        flow.scale.detach().abs(),
        WIDTHS,
        tolerance=0.2,
        what="the widths of the flow, beside those of the density,",
        cause="nothing is trained, zero_grad() or step() is missing, or the gradient does not reach the samples",
        read=READ,
    )
    assert_bound(
        -history[-1], LOG_Z - 0.15, LOG_Z + 0.15, what="the last bound", cause="a sign in the loss", read=READ
    )


def check_fresh_noise(student: Any) -> None:
    """Every step draws new noise, and the generator decides which"""
    _, history = _fitted(student, 4, learning_rate=0.0)
    _, again = _fitted(student, 4, learning_rate=0.0)
    assert_close(
        len(set(history)),
        4,
        what="number of different values in four steps without learning",
        cause="z is drawn once, before the loop",
        read=READ,
    )
    assert_close(
        torch.tensor(again),
        torch.tensor(history),
        what="the history of a second run with the same seed",
        cause="torch.randn without generator=generator",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """How the bound rises to log Z."""
    _, history = _fitted(student, 120)
    figure = Figure(figsize=(5, 2.8), layout="constrained")
    axes = figure.subplots()
    axes.plot([-value for value in history], label="your bound, 50 samples a step")
    axes.axhline(LOG_Z, color="black", linewidth=1, label="log Z")
    axes.set(xlabel="step", ylim=(LOG_Z - 3, LOG_Z + 0.5))
    axes.legend(loc="lower right")
    return figure
