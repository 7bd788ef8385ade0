"""Task 10, visible checks: samples against the known probabilities of a table, and evidence that stays."""

from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.testing import (
    all_strings,
    assert_close,
    assert_samples_follow,
    assert_shape,
    assert_unchanged,
)

READ = "task 10 of the notebook, and lecture 2, section 'Sampling'"
STRINGS = all_strings(2, 3)
GENERATOR = Generator().manual_seed(10)
TABLES = [1.5 * torch.randn((2,) * (i + 1), generator=GENERATOR, dtype=torch.float64) for i in range(3)]


def _conditionals() -> Tensor:
    """p(x_i | x_0 ... x_{i-1}) of the eight strings, (8, 3)."""
    columns = [
        table.softmax(-1)[STRINGS[:, : i + 1].unbind(1)]  # the row of the prefix, the column of x_i
        for i, table in enumerate(TABLES)
    ]
    return torch.stack(columns, dim=1)


def check_samples(student: Any) -> None:
    """10,000 samples of a table of three bits follow its probabilities"""
    model = student.TabularModel(TABLES)
    samples = student.ancestral_sample(model, 10_000, 3, Generator().manual_seed(1))
    assert_shape(samples, (10_000, 3), what="samples", read=READ)
    assert_samples_follow(
        samples,
        _conditionals().prod(1),
        cause="symbols are drawn before those they depend on, by argmax, or from the logits of another dimension",
        read=READ,
    )


def check_generator(student: Any) -> None:
    """The same seed gives the same samples"""
    model = student.TabularModel(TABLES)
    one, other = (student.ancestral_sample(model, 50, 3, Generator().manual_seed(2)) for _ in range(2))
    assert_close(
        other,
        one,
        what="a second run",
        cause="a draw without generator=generator uses global state",
        read=READ,
    )


def check_evidence(student: Any) -> None:
    """Inpainting keeps the evidence, and leaves its input as it was"""
    x = torch.randint(2, (200, 3), generator=Generator().manual_seed(3))
    observed = torch.randint(2, (200, 3), generator=Generator().manual_seed(4)).bool()
    before = x.clone()
    filled = student.inpaint(student.TabularModel(TABLES), x, observed, Generator().manual_seed(5))
    assert_unchanged(before, x, what="x", cause="the result is written into x: work on x.clone()", read=READ)
    assert_shape(filled, (200, 3), what="the inpainted x", read=READ)
    assert_close(
        filled[observed],
        x[observed],
        what="the evidence",
        cause="observed symbols are drawn again, or one example's mask is used for all",
        read=READ,
    )


def check_inpainting(student: Any) -> None:
    """With x_1 = 1 kept, x_0 and x_2 are drawn from their conditionals given what is before them"""
    x = torch.tensor([0, 1, 0]).repeat(10_000, 1)
    observed = torch.tensor([False, True, False])
    filled = student.inpaint(student.TabularModel(TABLES), x, observed, Generator().manual_seed(6))
    assert_samples_follow(
        filled,
        _conditionals()[:, ~observed].prod(1) * (STRINGS[:, 1] == 1),
        what="inpainted strings",
        cause="all are drawn from one pass, the evidence is put in after sampling, or the symbols that x had at "
        "missing places are read",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """Frequencies of samples beside the probabilities of the table."""
    samples = student.ancestral_sample(student.TabularModel(TABLES), 10_000, 3, Generator().manual_seed(1))
    counts = torch.bincount(samples @ torch.tensor([4, 2, 1]), minlength=8)
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    axes.bar(range(8), _conditionals().prod(1), color="lightsteelblue", label="probability")
    axes.plot(range(8), counts / 10_000, "k_", markersize=20, label="your samples")
    axes.set_xticks(range(8), ["".join(map(str, string)) for string in STRINGS.tolist()])
    axes.legend()
    return figure
