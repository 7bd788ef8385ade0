"""The report's pictures: colour is never the only sign, and no colour is told from another by hue alone."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dgm_course.homework.course import Homework
from dgm_course.plots.style import BLUE, GREY, PUMPKIN, styled
from grading.pipeline.marking.results import Result
from grading.pipeline.pages.items import Item
from grading.sandbox.outcome import Budget, Usage

DARK = "#1b1f24"
LEAST_SECONDS, LEAST_MIB = 0.01, 1.0  # where the axes begin: what uses less is drawn there


@styled
def totals_figure(totals: Sequence[float], points: float) -> Figure:
    """How many hand-ins have how many points, in ten steps; full marks belong to the last."""
    figure = Figure(figsize=(10, 3.6))
    axes = figure.subplots()
    edges = [points * step / 10 for step in range(11)]
    counts, _ = np.histogram(totals, bins=edges)
    bars = axes.bar(
        edges[:-1], counts, width=points / 10, align="edge", color=BLUE, edgecolor="white", linewidth=2
    )
    axes.bar_label(bars, labels=[str(count) if count else "" for count in counts], padding=2)
    axes.set(xlabel="points", ylabel="hand-ins", xticks=edges, xlim=(0, points))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


@styled
def difficulty_figure(items: Sequence[Item]) -> Figure:
    """Mean share of the points and discrimination of every task, side by side."""
    figure = Figure(figsize=(10, 1.2 + 0.42 * len(items)))
    left, right = figure.subplots(1, 2, sharey=True)
    names = [f"{item.task.number}  {item.task.id}" for item in items]
    bars = left.barh(names, [item.mean_share for item in items], color=BLUE)
    left.bar_label(bars, labels=[f"{item.mean_share:.0%}" for item in items], padding=4)
    left.set(
        xlim=(0, 1.18),
        xticks=[0, 0.5, 1],
        xticklabels=["0 %", "50 %", "100 %"],
        title="mean share of the points",
    )
    for place, item in enumerate(items):
        value = item.discrimination
        if value is None:
            right.text(0, place, "constant", va="center", ha="center", color=GREY)
        else:
            weak = value < 0.2
            right.plot([0, value], [place, place], color=PUMPKIN if weak else BLUE)
            right.plot(value, place, "D" if weak else "o", color=PUMPKIN if weak else BLUE, markersize=9)
    right.axvline(0, color=DARK, linewidth=1)
    right.axvline(0.2, color=GREY, linewidth=1.5, linestyle="--")
    right.set(xlim=(-1, 1.05), title="discrimination (◆ below 0.2)")
    left.invert_yaxis()
    return figure


@styled
def use_figure(work: Homework, results: Sequence[Result], reference: Mapping[str, Usage]) -> Figure:
    """CPU time and memory of every hand-in by task, beside the reference's own and the budget."""
    figure = Figure(figsize=(10, 1.6 + 0.42 * len(work.tasks)))
    panels = figure.subplots(1, 2, sharey=True)
    for place, task in enumerate(work.tasks):
        used = [each for result in results for each in result.tasks if each.id == task.id]
        budget, own = Budget(cpu_seconds=task.cpu_seconds), reference.get(task.id)
        for axes, values, mark, most in (
            (
                panels[0],
                [max(u.cpu_seconds, LEAST_SECONDS) for u in used],
                own and own.cpu_seconds,
                budget.cpu_seconds,
            ),
            (
                panels[1],
                [max(u.peak_memory_mib, LEAST_MIB) for u in used],
                own and own.peak_memory_mib,
                budget.memory_mib,
            ),
        ):
            axes.plot(values, [place] * len(values), "o", color=BLUE, alpha=0.35, markersize=8, zorder=2)
            axes.plot(most, place, "|", color=DARK, markersize=16, markeredgewidth=3)
            if mark:
                axes.plot(mark, place, "x", color=PUMPKIN, markersize=9, markeredgewidth=2.5, zorder=3)
    names = [f"{task.number}  {task.id}" for task in work.tasks]
    panels[0].set(
        title="CPU seconds",
        yticks=range(len(names)),
        yticklabels=names,
        xscale="log",
        xlim=(LEAST_SECONDS / 1.5, None),
    )
    panels[1].set(title="memory, MiB", xscale="log", xlim=(LEAST_MIB / 1.5, None))
    panels[0].invert_yaxis()
    for label, style in (
        ("a hand-in", {"marker": "o", "color": BLUE}),
        ("the reference", {"marker": "x", "color": PUMPKIN}),
        ("the budget", {"marker": "|", "color": DARK}),
    ):
        panels[0].plot([], [], linestyle="", label=label, markersize=10, markeredgewidth=2.5, **style)
    figure.legend(loc="outside lower center", ncols=3)
    return figure
