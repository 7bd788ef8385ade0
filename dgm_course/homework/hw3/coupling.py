"""Task 5, visible checks: an affine coupling layer and a flow of several layers."""

import math
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
    assert_shape,
    randomize,
)

READ = "task 5 of the notebook, and lecture 5, section 'Coupling'"
MASK = torch.tensor([True, False, True, False])


def _layer(student: Any, seed: int, mask: Tensor = MASK) -> Any:
    """A coupling layer whose conditioner is the student's own, with random weights."""
    layer = student.AffineCoupling(len(mask), 8, mask)
    return randomize(layer, Generator().manual_seed(seed), scale=0.4)


def _points(seed: int, num_dims: int = 4) -> Tensor:
    return torch.randn(20, num_dims, generator=Generator().manual_seed(seed), dtype=torch.float64)


def _maps(student: Any) -> list[Any]:
    """x = 2z + (1, 0), and then a quarter turn and a shift."""
    matrices = torch.tensor([[[2.0, 0.0], [0.0, 2.0]], [[0.0, -1.0], [1.0, 0.0]]], dtype=torch.float64)
    shifts = torch.tensor([[1.0, 0.0], [0.0, 3.0]], dtype=torch.float64)
    return [student.LinearMap(matrix, shift) for matrix, shift in zip(matrices, shifts, strict=True)]


def check_worked_example(student: Any) -> None:
    """Two dimensions, r = z_0 and t = 10 for the second: x = (z_0, z_1 exp(3 tanh(z_0 / 3)) + 10)"""
    weight = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    bias = torch.tensor([0.0, 0.0, 0.0, 10.0], dtype=torch.float64)
    layer = student.AffineCoupling(2, 4, torch.tensor([True, False]), student.LinearConditioner(weight, bias))
    x, log_det = layer(torch.tensor([[0.0, 1.0], [1.5, 2.0]], dtype=torch.float64))
    log_scale = 3 * math.tanh(0.5)
    assert_close(
        x,
        torch.tensor([[0.0, 11.0], [1.5, 2 * math.exp(log_scale) + 10]], dtype=torch.float64),
        what="x for z = (0, 1) and (1.5, 2)",
        cause="the mask is read the wrong way round, the first D outputs of the conditioner are the log-scales r, "
        "or exp(s) is left out",
        read=READ,
    )
    assert_shape(
        log_det, (2,), what="log_det", cause="sum over the dimensions, never over the batch", read=READ
    )
    assert_close(
        log_det,
        torch.tensor([0.0, log_scale], dtype=torch.float64),
        what="log_det for z = (0, 1) and (1.5, 2)",
        cause="the sum of s over the dimensions that are changed, not of exp(s), and no mean",
        read=READ,
    )


def check_who_reads_whom(student: Any) -> None:
    """A dimension that passes depends on itself only; each other one on itself and on all that pass"""
    layer = _layer(student, 1)
    assert_causal(
        lambda z: layer(z)[0],
        _points(2),
        torch.eye(4, dtype=torch.bool) | (~MASK[:, None] & MASK),
        cause="the conditioner reads all of z and not only what passes, or passing dimensions are changed as well",
        read=READ,
    )


def check_log_det(student: Any) -> None:
    """log_det is that of the Jacobian, in both directions, for any weights"""
    layer = _layer(student, 3)
    for transform in (layer, layer.inverse):
        assert_log_det_matches_jacobian(transform, _points(4), read=READ)


def check_round_trip(student: Any) -> None:
    """inverse(forward(z)) is z to 1e-10, also when the conditioner answers with ±50"""
    layer = _layer(student, 5)
    assert_invertible(layer, layer.inverse, _points(6), tolerance=1e-10, read=READ)
    for raw in (50.0, -50.0):
        bias = torch.tensor([raw, raw, 1.0, 1.0], dtype=torch.float64)
        conditioner = student.LinearConditioner(torch.zeros(4, 2, dtype=torch.float64), bias)
        layer = student.AffineCoupling(2, 4, torch.tensor([True, False]), conditioner)
        assert_invertible(
            layer,
            layer.inverse,
            _points(7, 2),
            tolerance=1e-10,
            cause=f"r = {raw:g} is not squashed: z exp(r) + t keeps nothing of z, or overflows; s = 3 tanh(r/3)",
            read=READ,
        )


def check_flow_log_prob(student: Any) -> None:
    """x = 2z + (1, 0), then a quarter turn and a shift: log_prob is that of the Gaussian with mean (0, 4)"""
    x = _points(8, 2)
    mean = torch.tensor([0.0, 4.0], dtype=torch.float64)
    assert_close(
        student.Flow(_maps(student), 2).log_prob(x),
        torch.distributions.Normal(mean, 2.0).log_prob(x).sum(1),
        what="log_prob",
        cause="the inverse runs through the layers from the last to the first and adds up its own log-determinants; "
        "the base has a log(2π)/2 for each dimension",
        read=READ,
    )


def check_flow_sample(student: Any) -> None:
    """Samples of the same flow have its mean (0, 4) and standard deviations (2, 2), the same ones for the same seed"""
    flow = student.Flow(_maps(student), 2)
    samples, again = (flow.sample(4000, Generator().manual_seed(9)) for _ in range(2))
    assert_shape(samples, (4000, 2), what="samples", read=READ)
    assert_close(again, samples, what="samples from the same seed", cause="generator is not used", read=READ)
    error = 5 * 2 / math.sqrt(4000)  # five standard deviations of the mean
    for what, got, right in (
        ("the mean of the samples", samples.mean(0), torch.tensor([0.0, 4.0])),
        ("the standard deviations of the samples", samples.std(0), torch.tensor([2.0, 2.0])),
    ):
        assert_bound(
            got.double(),
            right - error,
            right + error,
            what=what,
            cause="the layers are applied in another order, or `inverse` is called where `forward` belongs",
            read=READ,
        )


def picture(student: Any) -> Figure:
    """A grid sent through two layers and back."""
    flow = student.Flow([_layer(student, seed, MASK[:2] ^ bool(seed % 2)) for seed in (10, 11)], 2)
    ticks, fine = torch.linspace(-2, 2, 9).double(), torch.linspace(-2, 2, 60).double()
    upright = torch.stack(torch.meshgrid(ticks, fine, indexing="ij"), dim=-1)
    grid = torch.cat([upright, upright.flip(-1)])
    there = flow(grid.reshape(-1, 2))[0]
    back = flow.inverse(there)[0]
    figure = Figure(figsize=(8, 2.8), layout="constrained")
    panels = {"z": grid, "x = forward(z)": there, "inverse(x)": back}
    for axis, (title, points) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        for number, line in enumerate(points.detach().reshape(grid.shape)):
            axis.plot(*line.T, color="C0" if number < len(ticks) else "C1", linewidth=1)
        axis.set_title(title)
    return figure
