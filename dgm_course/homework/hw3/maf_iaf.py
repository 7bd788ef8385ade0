"""Task 8, visible checks: a MAF and an IAF against a worked example, round trips, Jacobians, passes and orders."""

import math
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.testing import (
    PropertyError,
    assert_causal,
    assert_close,
    assert_invertible,
    assert_log_det_matches_jacobian,
    assert_shape,
    dependencies,
    draw_responsive,
)

READ = "task 8 of the notebook, and lecture 5, section 'Autoregressive flows'"
ORDER = torch.tensor([2, 0, 3, 1])
NAMES = ("MAF", "IAF")


def _points(num: int, num_dims: int) -> Tensor:
    return torch.randn(num, num_dims, generator=Generator().manual_seed(num), dtype=torch.float64)


def _layer(student: Any, name: str, seed: int) -> Any:
    layer = getattr(student, name)(student.AutoregressiveNet(ORDER, 12))
    return draw_responsive(
        layer, Generator().manual_seed(seed), _points(5, 4), scale=0.5, output=lambda pair: pair[0], read=READ
    )


def check_worked_example(student: Any) -> None:
    """Two dimensions, the second one reads the first: a MAF asks what x_0 says, an IAF what z_0 says"""
    net = student.AutoregressiveNet(torch.tensor([0, 1]), 1).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.first.weight[0, 0] = 1.0  # hidden = tanh(x_0)
        net.shift.bias[0], net.log_scale.bias[0] = 1.0, math.log(2.0)  # of dimension 0: 1 and log 2
        net.shift.weight[1, 0], net.log_scale.weight[1, 0] = 3.0, 1.0  # of dimension 1: 3 tanh and tanh
    z = torch.tensor([[-0.25, 2.0]], dtype=torch.float64)  # so x_0 = 2 z_0 + 1 = 0.5
    for name, read in (("MAF", 0.5), ("IAF", -0.25)):
        x, log_det = getattr(student, name)(net)(z)
        h = math.tanh(read)
        assert_close(
            x,
            torch.tensor([[0.5, 2 * math.exp(h) + 3 * h]], dtype=torch.float64),
            what=f"x = {name}.forward([-0.25, 2]), with shift 1 and log-scale log 2 for dimension 0",
            cause="x_i = z_i exp(α_i) + μ_i; the network of a MAF reads x, that of an IAF reads z",
            read=READ,
        )
        assert_close(
            log_det,
            torch.tensor([math.log(2) + h], dtype=torch.float64),
            what=f"log_det of {name}.forward",
            cause="the sum of the log-scales over the dimensions, one number per example",
            read=READ,
        )


def check_round_trip(student: Any) -> None:
    """The inverse undoes the forward map, for an order that is not 0, 1, 2, ..."""
    for seed, name in enumerate(NAMES):
        layer = _layer(student, name, seed)
        assert_invertible(
            layer,
            layer.inverse,
            _points(9, 4),
            cause=f"{name}: one direction is found dimension by dimension, in the order of the network and not in that "
            "of the indices; or it reads z where x is due",
            read=READ,
        )


def check_log_det(student: Any) -> None:
    """Both log-determinants are those of the Jacobian"""
    for seed, name in enumerate(NAMES):
        layer = _layer(student, name, seed + 5)
        for direction in (layer.forward, layer.inverse):
            assert_log_det_matches_jacobian(
                direction,
                _points(6, 4),
                cause=f"{name}: a wrong sign (forward: +Σα, inverse: −Σα), a mean, or a sum over the batch",
                read=READ,
            )


def check_passes(student: Any) -> None:
    """One pass of the network in the direction that has what it reads, D passes in the other"""
    for name, quick, slow in (("MAF", "inverse", "forward"), ("IAF", "forward", "inverse")):
        for direction, expected in ((quick, 1), (slow, 4)):
            net = student.AutoregressiveNet(ORDER, 6).double()
            getattr(getattr(student, name)(net), direction)(_points(7, 4))
            if net.passes() != expected:
                raise PropertyError(
                    f"{expected} pass(es) for {name}.{direction} in 4 dimensions, whatever the batch size",
                    f"{net.passes()}",
                    "a pass for each example, one more for the log-determinant, or the roles of MAF and IAF exchanged",
                    READ,
                )


def check_orders(student: Any) -> None:
    """A deep MAF: each layer reads in the reverse of the order before"""
    layers = student.maf_layers(4, 3, 12)
    assert_close(len(layers), 3, what="number of layers", cause="one MAF for each", read=READ)
    for number, layer in enumerate(layers):
        draw_responsive(
            layer,
            Generator().manual_seed(number),
            _points(5, 4),
            scale=0.5,
            output=lambda pair: pair[0],
            read=READ,
        )

        def made(z: Tensor, layer: Any = layer) -> Tensor:
            return layer(z)[0]

        assert_causal(
            made,
            _points(5, 4),
            torch.ones(4, 4).tril().bool() if number % 2 == 0 else torch.ones(4, 4).triu().bool(),
            cause=f"layer {number + 1}: the orders are 0, 1, 2, ... and its reverse in turn, the natural one first",
            read=READ,
        )


def picture(student: Any) -> Figure:
    """Which x depend on which z, after one, two and three layers."""
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    for count, axes in enumerate(figure.subplots(1, 3), start=1):
        layers = student.maf_layers(5, count, 12)
        for number, layer in enumerate(layers):
            draw_responsive(
                layer, Generator().manual_seed(number), _points(3, 5), scale=0.5, output=lambda pair: pair[0]
            )

        def deep(z: Tensor, layers: Any = layers) -> Tensor:
            for layer in layers:
                z = layer(z)[0]
            return z

        depends = dependencies(deep, _points(3, 5))
        assert_shape(depends, (5, 5))
        axes.imshow(depends, cmap="Blues", vmin=0, vmax=1)
        axes.set(title=f"{count} layer(s)", xlabel="z", ylabel="x", xticks=range(5), yticks=range(5))
    return figure
