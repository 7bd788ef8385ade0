"""Visible checks of task 1: the density behind a monotone map, and a mixture of logistics with its inverse CDF."""

import math
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from dgm_course.testing import assert_bound, assert_close, assert_normalized, assert_shape, gradient

READ = "task 1 of the notebook, and lecture 5, section 'Change of variables'"
SLOPE = "task 1 of the notebook, the second paragraph, and lecture 5, section 'Change of variables'"

X = torch.tensor([-1.3, -0.2, 0.0, 0.7, 1.1], dtype=torch.float64)
MIXTURE = {
    "logits": torch.tensor([0.3, -0.4, 0.1], dtype=torch.float64),
    "means": torch.tensor([-2.0, 0.5, 3.0], dtype=torch.float64),
    "log_scales": torch.tensor([-0.8, -1.5, 0.2], dtype=torch.float64),
}


def _mixture(student: Any, weights: dict[str, Tensor]) -> Any:
    mixture = student.MixtureCDF(len(weights["means"]))
    mixture.double()
    assert_close(
        len(mixture.load_state_dict(weights, strict=False).unexpected_keys),
        0,
        what="the number of parameters called otherwise than logits, means and log_scales",
        cause="the docstring of the class says how the parameters are called",
        read=READ,
    )
    return mixture


def _cubic_log_prob(x: Tensor, slope: float, bend: float) -> Tensor:
    z = slope * x + bend * x**3
    return -0.5 * z**2 - 0.5 * math.log(2 * math.pi) + (slope + 3 * bend * x**2).abs().log()


def check_rising(student: Any) -> None:
    """The density behind the rising map z = 0.5 x + 0.3 x³ is right"""
    assert_close(
        student.log_prob_through(X, student.Cubic(0.5, 0.3), student.normal_log_prob),
        _cubic_log_prob(X, 0.5, 0.3),
        what="log p(x) with a standard normal z",
        cause="the derivative is left out, is that of the other direction (a minus sign), or is one number for all",
        read=READ,
    )


def check_falling(student: Any) -> None:
    """A falling map has a density too"""
    assert_close(
        student.log_prob_through(X, student.Cubic(-0.7, -0.2), student.normal_log_prob),
        _cubic_log_prob(X, -0.7, -0.2),
        what="log p(x) behind z = −0.7 x − 0.2 x³",
        cause="the absolute value of the derivative is missing: lengths have no sign",
        read=READ,
    )


def check_graph(student: Any) -> None:
    """The log-density can be differentiated, its determinant too"""
    slope, bend = 0.5, 0.3
    (got,) = gradient(student.log_prob_through, X, student.Cubic(slope, bend), student.normal_log_prob)
    rate = slope + 3 * bend * X**2
    assert_close(
        got,
        -(slope * X + bend * X**3) * rate + 6 * bend * X / rate,
        what="d log p(x) / dx",
        cause="the derivative of the map was computed without its own graph: create_graph=True, and no detach",
        read=SLOPE,
    )


def check_cdf(student: Any) -> None:
    """F(x) is the weighted sum of the components' CDFs"""
    weights = {
        "logits": torch.tensor([0.0, math.log(3.0)], dtype=torch.float64),
        "means": torch.tensor([-1.0, 2.0], dtype=torch.float64),
        "log_scales": torch.tensor([0.0, math.log(0.5)], dtype=torch.float64),
    }
    u, _ = _mixture(student, weights).inverse(torch.tensor([-1.0, 2.0], dtype=torch.float64))
    near, far = 1 / (1 + math.exp(-3.0)), 1 / (1 + math.exp(6.0))
    assert_close(
        u,
        torch.tensor([0.25 * 0.5 + 0.75 * far, 0.25 * near + 0.75 * 0.5], dtype=torch.float64),
        what="F(−1) and F(2) with π = (¼, ¾), μ = (−1, 2), s = (1, ½)",
        cause="logits without a softmax, log s taken for s, or a product with s in place of a quotient",
        read=READ,
    )


def check_log_det(student: Any) -> None:
    """log_det of `inverse` is log F′(x), also far outside"""
    mixture = _mixture(student, MIXTURE)
    x = torch.tensor([-2.5, 0.4, 1.7], dtype=torch.float64)
    slope = (mixture.inverse(x + 1e-4)[0] - mixture.inverse(x - 1e-4)[0]).detach() / 2e-4
    assert_close(
        mixture.inverse(x)[1].exp(),
        slope,
        tolerance=1e-5,
        what="exp(log_det), beside (F(x + h) − F(x − h)) / 2h,",
        cause="the factor 1/s is forgotten, or σ is not differentiated",
        read=READ,
    )
    broad = torch.log_softmax(MIXTURE["logits"], 0)[2] - 0.2 - (900.0 + 3.0) * math.exp(-0.2)
    assert_close(
        mixture.inverse(torch.tensor([-900.0], dtype=torch.float64))[1],
        broad[None],
        what="log_det at x = −900, where the broadest component is all that is left,",
        cause="the logarithm of a sum that underflows: use F.logsigmoid and torch.logsumexp",
        read=READ,
    )


def check_normalized(student: Any) -> None:
    """The density of a mixture integrates to 1"""
    nodes = torch.linspace(-50.0, 50.0, 8001, dtype=torch.float64)
    assert_normalized(
        _mixture(student, MIXTURE).log_prob,
        nodes,
        volume=100 / 8000,
        tolerance=1e-8,
        what="the integral of the density",
        cause="the factor 1/s is forgotten, or the weights are no softmax",
        read=READ,
    )


def check_round_trip(student: Any) -> None:
    """`forward` finds the x with F(x) = u, and its log_det is the negative"""
    mixture = _mixture(student, MIXTURE)
    u = torch.tensor([1e-6, 0.02, 0.3, 0.5, 0.83, 1 - 1e-6], dtype=torch.float64)
    x, log_det = mixture(u)
    back, inverse_log_det = mixture.inverse(x)
    assert_close(
        back,
        u,
        tolerance=1e-10,
        what="F(F⁻¹(u))",
        cause="an interval that does not hold the solution, the wrong half kept, too few halvings, or a mixture of "
        "quantiles, which is not the quantile of the mixture",
        read=READ,
    )
    assert_close(
        log_det,
        -inverse_log_det.detach(),
        what="log_det of forward, beside −log_det of inverse at the same point,",
        cause="dx/du is 1 / F′(x): a minus sign",
        read=READ,
    )


def check_samples(student: Any) -> None:
    """Half of the samples lie below the median, and the generator alone decides"""
    mixture = _mixture(student, MIXTURE)
    first, again, other = (
        mixture.sample(2000, torch.Generator().manual_seed(seed)).detach() for seed in (1, 1, 2)
    )
    assert_shape(first, (2000,), what="the samples", read=READ)
    u, _ = mixture.inverse(first)
    assert_bound(
        (u < torch.tensor([[0.2], [0.5], [0.8]])).double().mean(1),
        torch.tensor([0.14, 0.43, 0.74]),
        torch.tensor([0.26, 0.57, 0.86]),
        what="the share of 2,000 samples with F(x) below 0.2, 0.5, 0.8",
        cause="u is not uniform on (0, 1), or x is not F⁻¹(u)",
        read=READ,
    )
    cause = "a draw without generator=generator, or a seed set inside the function"
    assert_close(again, first, what="the samples with the same seed again", cause=cause, read=READ)
    assert_close(
        bool((other != first).any()), True, what="'other samples with another seed'", cause=cause, read=READ
    )


def picture(student: Any) -> Figure:
    """The student's density over a histogram of the student's samples."""
    figure = Figure(figsize=(5.5, 2.8), layout="constrained")
    axes = figure.subplots()
    mixture = _mixture(student, MIXTURE)
    x = torch.linspace(-6.0, 12.0, 400, dtype=torch.float64)
    samples = mixture.sample(5000, torch.Generator().manual_seed(1)).detach()
    axes.hist(samples, bins=90, range=(-6, 12), density=True, color="lightgray", label="5,000 samples")
    axes.plot(x, mixture.log_prob(x).detach().exp(), label="density")
    axes.set(xlabel="x", ylabel="density")
    axes.legend(fontsize=8)
    return figure
