"""Task 10, visible checks: masses that are known, how the density is asked, and who is honest."""

import math
from typing import Any

import torch
from matplotlib.figure import Figure

from dgm_course.testing import PropertyError, assert_bound, assert_close

READ = "task 10 of the notebook, and lecture 5, section 'Mass'"


def _peaks(student: Any, std: float, weight: float = 1.0) -> Any:
    """Two peaks of the weights `weight` times 0.3 and 0.7."""
    means = torch.tensor([[-1.0, 0.5], [1.234, 0.0]], dtype=torch.float64)
    weights = weight * torch.tensor([0.3, 0.7], dtype=torch.float64)
    return student.Peaks(means, torch.full((2,), std, dtype=torch.float64), weights)


def _stretched(student: Any) -> Any:
    """A flow of one layer that makes every area four times as large."""
    layer = student.LinearMap(2 * torch.eye(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64))
    return student.Flow([layer], 2)


def _assert_verdict(got: Any, expected: bool, what: str, cause: str) -> None:
    if not isinstance(got, bool):
        raise PropertyError(
            "a plain bool from honest",
            f"an object of type {type(got).__module__}.{type(got).__name__}",
            "a comparison of tensors, or of numpy's numbers: put bool(...) around it",
            READ,
        )
    if got != expected:
        raise PropertyError(f"honest says {expected} of {what}", f"{got}", cause, READ)


def check_known_masses(student: Any) -> None:
    """Two peaks of weights 0.3 and 0.7 have mass 1, and three times as much mass with three times the weights"""
    for weight in (1.0, 3.0):
        got = student.mass(_peaks(student, 0.6, weight).log_prob, -6.0, 6.0, 100)
        assert_close(
            got,
            weight,
            tolerance=1e-6,
            what=f"the mass of peaks of the total weight {weight:g}",
            cause="each node stands for a cell of area h²; exp(log_prob) is summed, not log_prob",
            read=READ,
        )


def check_a_part(student: Any) -> None:
    """Of a standard normal density the square [0, 1] × [0, 1] holds 0.1165"""
    normal = student.Peaks(torch.zeros(1, 2).double(), torch.ones(1).double(), torch.ones(1).double())
    assert_close(
        student.mass(normal.log_prob, 0.0, 1.0, 200),
        (math.erf(1 / math.sqrt(2)) / 2) ** 2,
        tolerance=1e-4,
        what="the mass in the unit square",
        cause="the nodes are the middles of n cells between low and high, from low + h/2 on",
        read=READ,
    )


def check_how_it_is_asked(student: Any) -> None:
    """150 nodes a side are 22,500 points, at most 10,000 of them at once, and no gradients"""
    peaks = _peaks(student, 0.6)
    student.mass(peaks.log_prob, -6.0, 6.0, 150)
    calls = [tuple(call) for call in peaks.asked()]
    assert_close(
        sum(points for points, _ in calls), 150**2, what="number of points", cause="n nodes a side", read=READ
    )
    assert_bound(
        max(points for points, _ in calls),
        1,
        10_000,
        what="points asked about at once",
        cause="a million points do not fit into memory together: use split",
        read=READ,
    )
    if any(recorded for _, recorded in calls):
        raise PropertyError(
            "no gradients recorded", "a call that records them", "torch.no_grad is missing", READ
        )


def check_narrow_peaks(student: Any) -> None:
    """honest refines its grid: peaks as narrow as 0.05 on [-6, 6] are honest, and with a weight of 1.03 they are not"""
    for weight in (1.0, 1.03):
        got = student.honest(_peaks(student, 0.05, weight).log_prob, -6.0, 6.0)
        _assert_verdict(
            got,
            weight == 1.0,
            f"peaks of the total weight {weight:g} and width 0.05",
            "64 nodes are too few to see them: refine until two masses agree to 0.001",
        )


def check_sign(student: Any) -> None:
    """honest tells a flow x = 2z from the same flow with the wrong sign"""
    flow = _stretched(student)
    for what, log_prob, expected in (
        ("the flow", flow.log_prob, True),
        ("the flow with the wrong sign", student.SignBug(flow).log_prob, False),
    ):
        _assert_verdict(
            student.honest(log_prob, -14.0, 14.0),
            expected,
            what,
            "the window is [0.995, 1.005] and the masses are 1 and 16: does task 5 pass?",
        )


def picture(student: Any) -> Figure:
    """The mass of narrow and of wide peaks against the number of nodes."""
    numbers = [4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256]
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    for std in (0.6, 0.2, 0.05):
        masses = [student.mass(_peaks(student, std).log_prob, -6.0, 6.0, number) for number in numbers]
        axes.plot(numbers, masses, "o-", markersize=4, label=f"width {std}")
    axes.axhspan(0.995, 1.005, color="lightgrey", zorder=0)
    axes.set(xscale="log", ylim=(0, 3), xlabel="nodes a side", ylabel="mass")
    axes.legend()
    return figure
