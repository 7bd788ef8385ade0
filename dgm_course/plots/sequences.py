"""What happened before: dilated convolutions as a tree, and numbers against time or distance."""

from collections.abc import Mapping, Sequence

from jaxtyping import Shaped
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from dgm_course.plots.style import BLUE, GREY, ORANGE, styled


@styled
def dilation_tree(dilations: Sequence[int], *, kernel_size: int = 2, title: str = "") -> Figure:
    """All paths from the input to the last output of a stack of causal convolutions, the lowest layer first.

    Example:
        >>> dilation_tree((1, 2, 4)).axes[0].get_title()
        '3 layers read 8 steps'
    """
    reach = 1 + sum((kernel_size - 1) * d for d in dilations)
    figure = Figure(figsize=(12, 1.2 + 1.1 * len(dilations)))
    axes = figure.subplots()
    for layer in range(len(dilations) + 1):
        axes.plot(range(1 - reach, 1), [layer] * reach, "o", color=GREY, ms=7, alpha=0.5)
    used = {0}
    for layer in range(len(dilations), 0, -1):
        edges = [(t, t - j * dilations[layer - 1]) for t in sorted(used) for j in range(kernel_size)]
        for t, before in edges:
            axes.plot([before, t], [layer - 1, layer], color=BLUE, linewidth=1.5)
        axes.plot(sorted(used), [layer] * len(used), "o", color=BLUE, ms=9)
        used = {before for _, before in edges}
    axes.plot(sorted(used), [0] * len(used), "o", color=ORANGE, ms=9)
    layers = [f"d = {d}" for d in dilations]
    axes.set_yticks(range(len(dilations) + 1), ["input", *layers])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="step, 0 is now", title=title or f"{len(dilations)} layers read {len(used)} steps")
    axes.spines[:].set_visible(False)
    return figure


@styled
def lines(
    curves: Mapping[str, Shaped[Tensor, " points"]],
    *,
    x: Shaped[Tensor, " points"] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    floor: float | None = None,
    log: bool = False,
    title: str = "",
) -> Figure:
    """Named curves over `x`, or over 0, 1, 2, …; `log` scales both axes, `floor` is a known bound.

    Example:
        >>> import torch
        >>> figure = lines({"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([3.0, 1.0])}, xlabel="step")
        >>> [line.get_label() for line in figure.axes[0].lines]
        ['a', 'b']
    """
    figure = Figure(figsize=(9, 4.8))
    axes = figure.subplots()
    for name, y in curves.items():
        axes.plot(range(len(y)) if x is None else x, y.detach().cpu(), label=name)
    if floor is not None:
        axes.axhline(floor, color=GREY, linestyle=":", label=f"floor: {floor:.4g}")
    if log:
        axes.set(xscale="log", yscale="log")
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    axes.legend()
    return figure
