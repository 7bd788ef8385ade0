"""Task 9, visible checks: knots, a worked example, tails, slopes, the way back, and a coupling made of splines."""

import math
from functools import partial
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.testing import (
    assert_bound,
    assert_causal,
    assert_close,
    assert_invertible,
    assert_log_det_matches_jacobian,
    draw_responsive,
)

READ = "task 9 of the notebook, and lecture 5, section 'Splines'"
BOUND = 2.0
MASK = torch.tensor([True, False, True, False])


def _numbers(seed: int, num: int, num_bins: int) -> list[Tensor]:
    """Widths, heights and slopes of `num` splines."""
    generator = Generator().manual_seed(seed)
    sizes = (num_bins, num_bins, num_bins - 1)
    return [torch.randn(num, size, generator=generator, dtype=torch.float64) for size in sizes]


def _shared(numbers: list[Tensor], num: int) -> list[Tensor]:
    """The first spline for all of `num` values."""
    return [each[:1].expand(num, -1) for each in numbers]


def check_knots(student: Any) -> None:
    """The knots of a worked example with two bins: shares of 3 : 1, and slopes 1 at both ends"""
    share = 0.001 + 0.998 * 0.75
    knots = student.spline_knots(
        torch.tensor([[math.log(3.0), 0.0]], dtype=torch.float64),
        torch.tensor([[0.0, math.log(3.0)]], dtype=torch.float64),
        torch.zeros(1, 1, dtype=torch.float64),
        BOUND,
    )
    expected = ((-2, -2 + 4 * share, 2), (-2, 2 - 4 * share, 2), (1, 0.001 + math.log(2), 1))
    for name, got, right in zip(("x", "y", "slope"), knots, expected, strict=True):
        assert_close(
            got,
            torch.tensor([right], dtype=torch.float64),
            what=f"the {name} of the knots, for widths [log 3, 0], heights [0, log 3], slopes [0] and bound 2",
            cause="shares ε + (1 − Kε) softmax over the bins, times 2B, summed up from −B; slopes ε + softplus, "
            "and 1 at both ends",
            read=READ,
        )


def check_worked_example(student: Any) -> None:
    """In the middle of a bin, y and its slope are those of the formula"""
    number = math.log(math.exp(1.999) - 1)  # a slope of 2 at the only inner knot, (0, 0)
    x = torch.tensor([-1.0, 1.0], dtype=torch.float64)  # ξ = ½, s = 1, slopes 1 and 2, and 2 and 1
    even, slopes = torch.zeros(2, 2, dtype=torch.float64), torch.full((2, 1), number, dtype=torch.float64)
    y, log_slope = student.rational_quadratic(x, even, even, slopes, BOUND)
    assert_close(
        y,
        torch.tensor([-1.2, 1.2], dtype=torch.float64),
        what="y at x = ±1, two bins of size 2, slopes 1, 2, 1",
        cause="the bin is found one too far, or ξ is not (x − x_k) / w",
        read=READ,
    )
    assert_close(
        log_slope,
        torch.full((2,), -math.log(1.25), dtype=torch.float64),
        what="log dy/dx there",
        cause="the logarithm is missing, or δ_k and δ_{k+1} are exchanged",
        read=READ,
    )


def check_tails(student: Any) -> None:
    """Beyond the bound, and at it, the spline is the identity"""
    x = torch.tensor([-1e6, -3.0, -BOUND, BOUND, 2.5, 1e6], dtype=torch.float64)
    numbers = _shared(_numbers(1, 1, 5), len(x))
    for spline in (student.rational_quadratic, student.rational_quadratic_inverse):
        value, log_slope = spline(x, *numbers, BOUND)
        cause = "outside values are clamped, or get a bin"
        assert_close(value, x, what="the value where |x| >= bound", cause=cause, read=READ)
        assert_close(log_slope, torch.zeros_like(x), what="the log-slope there", cause=cause, read=READ)


def check_slope(student: Any) -> None:
    """The log-slope is that of the curve, and y rises without a jump"""
    x = torch.linspace(-2.4, 2.4, 4001, dtype=torch.float64)
    numbers = _shared(_numbers(2, 1, 6), len(x))
    y, log_slope = student.rational_quadratic(x, *numbers, BOUND)
    step = float(x[1] - x[0])
    assert_bound(
        y.diff() / step,
        0.0,
        1.01 * float(log_slope.exp().max()),
        what="the rise of y from one of 4,001 points to the next, over their distance,",
        cause="y falls or jumps: the bin is another one than that of ξ, or a slope is not positive",
        read=READ,
    )
    assert_log_det_matches_jacobian(
        lambda x: _column(student, x, numbers),
        x[::40, None],
        cause="the slope of another bin, its square, or δ_k and δ_{k+1} exchanged",
        read=READ,
    )


def check_round_trip(student: Any) -> None:
    """The inverse finds x again to 1e-9, also where a spline is straight"""
    x = torch.linspace(-2.5, 2.5, 41, dtype=torch.float64)
    slope_one = math.log(math.exp(0.999) - 1)
    straight = [torch.full((1, size), slope_one, dtype=torch.float64) for size in (3, 3, 2)]
    for numbers in (_numbers(3, 1, 4), straight):
        each = _shared(numbers, len(x))
        assert_invertible(
            partial(_spline, student.rational_quadratic, each),
            partial(_spline, student.rational_quadratic_inverse, each),
            x,
            cause="the bin of y is searched among the x_k, the other root of the quadratic is taken, or a is 0",
            read=READ,
        )


def check_coupling(student: Any) -> None:
    """SplineCoupling: what passes is unchanged, the rest reads it, and both directions fit together"""
    z = 1.5 * torch.randn(9, 4, generator=Generator().manual_seed(4), dtype=torch.float64)
    layer = draw_responsive(
        student.SplineCoupling(4, 12, MASK, 5, 3.0),
        Generator().manual_seed(5),
        z,
        scale=0.6,
        output=lambda pair: pair[0],
        read=READ,
    )
    x, log_det = layer(z)
    assert_close(x[:, MASK], z[:, MASK], what="what passes", cause="the mask is inverted", read=READ)
    assert_close(
        tuple(log_det.shape) == (9,),
        True,
        what="'log_det has one number per example'",
        cause="sum the log-slopes over the dimensions",
        read=READ,
    )
    assert_invertible(layer, layer.inverse, z, cause="the splines read what they change", read=READ)
    assert_log_det_matches_jacobian(
        layer, z, cause="the log-slopes of passing dimensions are counted, or a mean is taken", read=READ
    )
    allowed = torch.eye(4).bool() | (~MASK[:, None] & MASK)
    assert_causal(
        lambda z: layer(z)[0],
        z,
        allowed,
        cause="a spline reads a dimension that changes, or not all that pass",
        read=READ,
    )


def _spline(direction: Any, numbers: list[Tensor], values: Tensor) -> tuple[Tensor, Tensor]:
    return direction(values, *numbers, BOUND)


def _column(student: Any, x: Tensor, numbers: list[Tensor]) -> tuple[Tensor, Tensor]:
    """A spline as a transform of vectors with one dimension."""
    y, log_slope = student.rational_quadratic(x[:, 0], *_shared(numbers, len(x)), BOUND)
    return y.unsqueeze(1), log_slope


def picture(student: Any) -> Figure:
    """Three splines and their inverses, with knots."""
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    x = torch.linspace(-2.5, 2.5, 400, dtype=torch.float64)
    for seed in range(3):
        numbers = _numbers(10 + seed, 1, 5)
        knots = [each[0] for each in student.spline_knots(*numbers, BOUND)]
        each = _shared(numbers, len(x))
        left.plot(x, student.rational_quadratic(x, *each, BOUND)[0], color=f"C{seed}")
        left.plot(knots[0], knots[1], "o", color=f"C{seed}", markersize=4)
        right.plot(x, student.rational_quadratic_inverse(x, *each, BOUND)[0], color=f"C{seed}")
        right.plot(knots[1], knots[0], "o", color=f"C{seed}", markersize=4)
    left.set(title="your splines, through their knots")
    right.set(title="and back")
    return figure
