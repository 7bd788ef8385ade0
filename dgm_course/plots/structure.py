"""What depends on what: the dependencies a network has, beside those it is allowed."""

from jaxtyping import Bool
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from dgm_course.plots.style import BLUE, RED, styled


@styled
def dependency_matrix(
    got: Bool[Tensor, "outputs inputs"],
    allowed: Bool[Tensor, "outputs inputs"],
    *,
    inputs: str = "input",
    outputs: str = "output",
    title: str = "",
) -> Figure:
    """The dependencies found beside the allowed ones: ✗ marks a forbidden one, ○ one that is missing.

    Example:
        >>> import torch
        >>> allowed = torch.ones(4, 4, dtype=torch.bool).tril(-1)
        >>> figure = dependency_matrix(allowed.T, allowed)
        >>> [axes.get_title() for axes in figure.axes]
        ['yours: 6 forbidden, 6 missing', 'allowed']
    """
    figure = Figure(figsize=(10, 5))
    left, right = figure.subplots(1, 2)
    _cells(left, got, allowed)
    _cells(right, allowed, allowed)
    left.set(title=_verdict(got, allowed), xlabel=inputs, ylabel=outputs)
    right.set(title="allowed", xlabel=inputs, ylabel=outputs)
    figure.suptitle(title)
    return figure


@styled
def receptive_field(
    reads: Bool[Tensor, "height width"],
    pixel: tuple[int, int],
    *,
    allowed: Bool[Tensor, "height width"] | None = None,
    title: str = "",
) -> Figure:
    """The pixels that one output reads; the star is the output's own `pixel` `(row, column)`.

    With `allowed`, ✗ marks a pixel read though it is forbidden, and ○ one that could be read and is not.

    Example:
        >>> import torch
        >>> reads = torch.zeros(5, 5, dtype=torch.bool)
        >>> reads[:2] = True
        >>> receptive_field(reads, (2, 2)).axes[0].get_title()
        'reads 10 pixels'
    """
    figure = Figure(figsize=(5, 5.5))
    axes = figure.subplots()
    _cells(axes, reads, reads if allowed is None else allowed)
    row, column = pixel
    axes.scatter([column], [row], marker="*", s=300, color="black", label="pixel")
    verdict = f"reads {int(reads.sum())} pixels" if allowed is None else _verdict(reads, allowed)
    axes.set(title=title or verdict, xlabel="column", ylabel="row")
    return figure


def _verdict(got: Tensor, allowed: Tensor) -> str:
    forbidden, missing = int((got & ~allowed).sum()), int((allowed & ~got).sum())
    return f"yours: {forbidden} forbidden, {missing} missing" if forbidden or missing else "yours: as allowed"


def _cells(axes: Axes, got: Tensor, allowed: Tensor) -> None:
    """Dark cells where `got`, with marks that are told apart by shape as well as by colour."""
    axes.imshow(got, cmap=ListedColormap(["white", BLUE]), vmin=0, vmax=1, interpolation="nearest")
    rows, columns = got.shape
    axes.hlines([row + 0.5 for row in range(rows - 1)], -0.5, columns - 0.5, color="lightgrey", linewidth=0.5)
    axes.vlines(
        [column + 0.5 for column in range(columns - 1)], -0.5, rows - 0.5, color="lightgrey", linewidth=0.5
    )
    size = 5000 / max(rows, columns) ** 2
    row, column = (got & ~allowed).nonzero(as_tuple=True)
    axes.scatter(column, row, marker="X", s=size, color=RED, edgecolor="white")
    row, column = (allowed & ~got).nonzero(as_tuple=True)
    axes.scatter(column, row, marker="o", s=size, facecolor="none", edgecolor=RED, linewidth=2.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[:].set_visible(True)
