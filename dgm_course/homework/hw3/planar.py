"""Visible checks of task 4: a planar map worked out by hand, its determinant, and no fold for any parameters."""

import math
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.testing import (
    assert_bound,
    assert_close,
    assert_each_alone,
    assert_log_det_matches_jacobian,
    assert_shape,
)

READ = "task 4 of the notebook, and lecture 5, section 'Planar flows'"
CONSTRAINT = "task 4 of the notebook, the last equation, and lecture 5, section 'Planar flows'"


def _planar(student: Any, u: list[float], w: list[float], b: float) -> Any:
    layer = student.Planar(len(u))
    layer.double()
    weights = {"u": u, "w": w, "b": b}
    tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in weights.items()}
    assert_close(
        len(layer.load_state_dict(tensors, strict=False).unexpected_keys),
        0,
        what="the number of parameters called otherwise than u, w and b",
        cause="the docstring of the class says how the parameters are called",
        read=READ,
    )
    return layer


def _normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(1), dtype=torch.float64)


def _fold(student: Any, along: float) -> tuple[Tensor, Tensor]:
    """a = wᵀz + b on a line, and wᵀx + b, for a layer with this wᵀu."""
    a = torch.linspace(-4.0, 4.0, 161, dtype=torch.float64)
    layer = _planar(student, [along / 2, 0.3], [2.0, 0.0], 0.5)
    x, _ = layer(torch.stack([(a - 0.5) / 2, torch.zeros_like(a)], dim=1))
    assert_shape(x, (161, 2), what="x", read=READ)
    return a, 2 * x.detach()[:, 0] + 0.5


def check_by_hand(student: Any) -> None:
    """One point through one layer: u = (1, 2), w = (1, −1), b = ½, z = (½, −1)"""
    x, log_det = _planar(student, [1.0, 2.0], [1.0, -1.0], 0.5)(
        torch.tensor([[0.5, -1.0]], dtype=torch.float64)
    )
    lifted = math.log(1 + math.exp(-1.0)) - 1  # m(wᵀu), where wᵀu = −1
    h, move = math.tanh(2.0), (lifted + 1) / 2
    assert_close(
        x,
        torch.tensor([[0.5 + h * (1 + move), -1 + h * (2 - move)]], dtype=torch.float64),
        what="x",
        cause="û is u, w is not divided by |w|², m lacks its −1, or b is forgotten",
        read=CONSTRAINT,
    )
    assert_close(
        log_det,
        torch.tensor([math.log(1 + (1 - h**2) * lifted)], dtype=torch.float64),
        what="log_det",
        cause="u in place of û, h′ forgotten, or no logarithm",
        read=READ,
    )


def check_log_det(student: Any) -> None:
    """log_det is that of the Jacobian, in one to four dimensions"""
    for u, w in (
        ([0.9], [-0.7]),
        ([0.5, -1.0, 0.8], [1.0, 0.6, -0.4]),
        ([0.5, 0.2, -0.8, 0.1], [0.3, -0.9, 0.5, 1.0]),
    ):
        layer = _planar(student, u, w, 0.2)
        assert_log_det_matches_jacobian(
            layer,
            _normal(5, len(u)),
            cause="h′ forgotten or taken at another place, u in place of û, or only the diagonal of the Jacobian",
            read=READ,
        )


def check_invertible(student: Any) -> None:
    """Along w the map rises, also for wᵀu = −3 and −7"""
    for along in (-3.0, -7.0):
        a, moved = _fold(student, along)
        assert_bound(
            moved.diff(),
            1e-7,
            what=f"the step of wᵀx where wᵀz takes a step of {a[1] - a[0]:.2f}, with wᵀu = {along:g},",
            cause="u is used as it is, so that space folds; or û is made once, when the layer is made",
            read=CONSTRAINT,
        )
    assert_bound(
        moved[81:].diff()[0] / (a[1] - a[0]),
        upper=0.2,
        what="the slope next to a = 0 with wᵀu = −7",
        cause="m never comes near −1: the layer cannot squeeze",
        read=CONSTRAINT,
    )


def check_orthogonal(student: Any) -> None:
    """The constraint leaves the part of u that is orthogonal to w alone"""
    z = _normal(6, 3)
    w = torch.tensor([1.0, 2.0, -2.0], dtype=torch.float64)
    x, _ = _planar(student, [-3.0, 0.4, 2.0], w.tolist(), -0.3)(z)
    u = torch.tensor([-3.0, 0.4, 2.0], dtype=torch.float64)
    across = u - (u @ w) / 9 * w
    assert_shape(x, (6, 3), what="x", read=READ)
    moved = x.detach() - z
    assert_close(
        moved - (moved @ w)[:, None] / 9 * w,
        torch.tanh(z @ w - 0.3)[:, None] * across,
        what="the part of x − z orthogonal to w",
        cause="u is clipped or scaled as a whole: add a multiple of w only",
        read=CONSTRAINT,
    )


def check_examples(student: Any) -> None:
    """Each example has its own log_det, finite for z as large as 1000 too"""
    layer = _planar(student, [0.5, -1.0], [1.0, 0.6], 0.2)
    z = torch.cat([_normal(9, 2), torch.tensor([[1000.0, 1000.0]], dtype=torch.float64)])
    log_det = assert_each_alone(lambda z: layer(z)[1], z, what="log_det", shape=(), read=READ)
    assert_close(
        log_det[-1],
        torch.tensor(0.0, dtype=torch.float64),
        what="log_det far from the plane, where all points move alike,",
        cause="tanh from exponentials overflows: use torch.tanh",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """What the layer does along w, for several wᵀu."""
    figure = Figure(figsize=(5.0, 3.2), layout="constrained")
    axes = figure.subplots()
    for along in (-5.0, -1.0, 1.0, 3.0):
        axes.plot(*_fold(student, along), label=f"wᵀu = {along:g}")
    axes.set(xlabel="wᵀz + b", ylabel="wᵀx + b", title="invertible: every curve rises")
    axes.legend(fontsize=8)
    return figure
