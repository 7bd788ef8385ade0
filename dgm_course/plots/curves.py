"""How training went."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from dgm_course.plots.style import COLOURS, GREY, styled
from dgm_course.training import History


@styled
def training_curves(
    histories: History | Mapping[str, History],
    *,
    unit: str = "nats per example",
    floor: float | None = None,
    title: str = "",
) -> Figure:
    """Training loss (dashed) and validation loss (solid) against the step, with a dot at the best row.

    Several histories by name share the axes. `floor` is a known bound, such as the entropy of the data.

    Example:
        >>> from dgm_course.training import History
        >>> history = History([10, 20, 30], [1.0, 0.5, 0.4], [0.9, 0.6, 0.7], [0.1, 0.2, 0.3])
        >>> figure = training_curves(history, unit="nats per image")
        >>> [line.get_label() for line in figure.axes[0].lines]
        ['training', 'validation', 'best: 0.6000']
    """
    named = {"": histories} if isinstance(histories, History) else histories
    figure = Figure(figsize=(8, 5))
    axes = figure.subplots()
    for (name, history), colour in zip(named.items(), COLOURS * len(named), strict=False):
        prefix = f"{name} " if name else ""
        axes.plot(history.step, history.train_loss, "--", color=colour, label=f"{prefix}training")
        if history.validation_loss:
            axes.plot(history.step, history.validation_loss, color=colour, label=f"{prefix}validation")
            best, least = history.step[history.best], history.validation_loss[history.best]
            axes.plot([best], [least], "o", ms=10, color=colour, label=f"{prefix}best: {least:.4f}")
    if floor is not None:
        axes.axhline(floor, color=GREY, linestyle=":", label=f"floor: {floor:.4f}")
    axes.set(xlabel="step", ylabel=unit, title=title)
    axes.legend()
    return figure
