"""Visible checks of task 2: noise that fills the cell, the logit and its determinant, bits that count the levels."""

import math
from functools import partial
from typing import Any

import torch
from matplotlib.figure import Figure

from dgm_course.testing import (
    assert_bound,
    assert_close,
    assert_invertible,
    assert_log_det_matches_jacobian,
    assert_shape,
)

READ = "task 2 of the notebook, and lecture 5, section 'Dequantisation'"

LEVELS = torch.arange(12).remainder(4).repeat(500, 1)  # (500, 12), levels 0 … 3


def _noise(student: Any, seed: int) -> torch.Tensor:
    y = student.dequantize(LEVELS, 4, torch.Generator().manual_seed(seed))
    assert_shape(y, tuple(LEVELS.shape), what="y", read=READ)
    return y * 4 - LEVELS


def check_noise_in_cell(student: Any) -> None:
    """The noise stays in the cell of its level and fills all of it"""
    noise = _noise(student, 1)
    assert_bound(noise, -1e-9, 1.0, what="K·y − x", cause="noise around 0, or not divided by K", read=READ)
    assert_bound(
        torch.histc(noise.double(), bins=4, min=0, max=1) / noise.numel(),
        0.2,
        0.3,
        what="the share of the noise in each quarter of the cell",
        cause="the noise fills a part of the cell only, or is not uniform",
        read=READ,
    )


def check_noise_independent(student: Any) -> None:
    """Every entry has noise of its own, and the generator alone decides"""
    noise = _noise(student, 1)
    cause = "noise is drawn once for a whole image, or once for all images: draw it in the shape of x"
    for direction, difference in (("neighbours", noise.diff(dim=1)), ("examples", noise.diff(dim=0))):
        assert_bound(
            difference.abs().mean(),
            0.3,
            0.37,
            what=f"the mean distance between the noise of two {direction}, ⅓ where they are independent,",
            cause=cause,
            read=READ,
        )
    cause = "a draw without generator=generator, or a seed set inside the function"
    assert_close(_noise(student, 1), noise, what="the noise with the same seed again", cause=cause, read=READ)
    assert_close(
        bool((_noise(student, 2) != noise).any()),
        True,
        what="'other noise with another seed'",
        cause=cause,
        read=READ,
    )


def check_levels_return(student: Any) -> None:
    """`quantize` finds the levels again, also the highest of 65,536"""
    for num_levels in (4, 65536):
        x = torch.arange(num_levels - 4, num_levels).repeat(1000, 1)
        y = student.dequantize(x, num_levels, torch.Generator().manual_seed(3))
        assert_bound(
            y,
            0.0,
            1 - 2**-53,
            what=f"y of the highest of {num_levels} levels",
            cause="x + u was rounded up in float32: draw the noise and add it in float64; or divided by K − 1",
            read=READ,
        )
        assert_close(
            student.quantize(y, num_levels),
            x,
            what=f"quantize(dequantize(x)) with {num_levels} levels",
            cause="rounding to the nearest level where the cell begins at its level: use floor",
            read=READ,
        )
    assert_close(
        student.quantize(torch.tensor([[-0.03, 0.26, 0.99, 1.02]], dtype=torch.float64), 4),
        torch.tensor([[0, 1, 3, 3]]),
        what="the levels of −0.03, 0.26, 0.99 and 1.02 with K = 4",
        cause="rounding in place of floor, or no clamp: a sampled y may lie outside [0, 1)",
        read=READ,
    )


def check_logits(student: Any) -> None:
    """`to_logits` gives the logit of α + (1 − 2α) y"""
    y = torch.tensor([[0.2, 0.5, 1.0]], dtype=torch.float64)
    z, log_det = student.to_logits(y, 0.1)
    assert_close(
        z,
        torch.tensor([[math.log(0.26 / 0.74), 0.0, math.log(0.9 / 0.1)]], dtype=torch.float64),
        what="z for y = 0.2, 0.5, 1 and α = 0.1",
        cause="α + (1 − α) y in place of α + (1 − 2α) y, or a sigmoid",
        read=READ,
    )
    assert_close(
        log_det,
        torch.tensor([3 * math.log(0.8) - math.log(0.26 * 0.74 * 0.25 * 0.09)], dtype=torch.float64),
        what="its log_det",
        cause="the 1 − 2α is forgotten, a mean in place of a sum, or a sign",
        read=READ,
    )


def check_log_det(student: Any) -> None:
    """Both log-determinants are those of the Jacobian, one number per image"""
    y = torch.rand(3, 1, 2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 0.8 + 0.1
    cause = "the 1 − 2α is forgotten, a mean in place of a sum, a sum over the batch too, or a sign"
    assert_log_det_matches_jacobian(lambda y: student.to_logits(y, 0.05), y, cause=cause, read=READ)
    assert_log_det_matches_jacobian(lambda z: student.from_logits(z, 0.05), 4 * y - 2, cause=cause, read=READ)


def check_round_trip(student: Any) -> None:
    """`from_logits` undoes `to_logits`, and stays finite at z = ±500"""
    y = torch.rand(5, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    for alpha in (0.0, 0.05):
        assert_invertible(
            partial(student.to_logits, alpha=alpha),
            partial(student.from_logits, alpha=alpha),
            y * 0.9 + 0.05,
            cause="the squeeze by α is not undone after the sigmoid",
            read=READ,
        )
    assert_close(
        student.from_logits(torch.tensor([[500.0, -500.0]], dtype=torch.float64), 0.05)[1],
        torch.tensor([-1000.0 - 2 * math.log(0.9)], dtype=torch.float64),
        what="log_det at z = (500, −500)",
        cause="the logarithm of a product that underflows: add F.logsigmoid(z) and F.logsigmoid(−z)",
        read=READ,
    )


def check_bits(student: Any) -> None:
    """The uniform density costs log₂ K bits, certainty of every level none"""
    num_dims, num_levels = 12, 256
    assert_close(
        student.bits_per_dim(
            torch.tensor(
                [0.0, num_dims * math.log(num_levels), -num_dims * math.log(2)], dtype=torch.float64
            ),
            num_dims,
            num_levels,
        ),
        torch.tensor([8.0, 0.0, 9.0], dtype=torch.float64),
        what="bits/dim for log p(y) = 0, D·log 256 and −D·log 2",
        cause="log K forgotten or in nats, no division by D or by log 2, or a sign",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """Where in its cell each level's noise lies."""
    figure = Figure(figsize=(5.5, 2.6), layout="constrained")
    axes = figure.subplots()
    y = student.dequantize(LEVELS, 4, torch.Generator().manual_seed(1)).flatten()
    for level in range(4):
        axes.hist(
            y[LEVELS.flatten() == level], bins=48, range=(-0.25, 1.25), alpha=0.8, label=f"level {level}"
        )
    axes.set(xlabel="y", ylabel="count", xticks=[0, 0.25, 0.5, 0.75, 1])
    axes.grid(axis="x")
    axes.legend(fontsize=8)
    return figure
