"""The instructor's report on one homework: one page without scripts, to look at, to project and to print.

It shows the whole class: how points are spread, what each task and test tells, which mistakes have a name, what was
used, which hand-ins want a look, and which are alike. Nothing on it is a verdict.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from matplotlib.figure import Figure

from dgm_course.homework.course import Homework
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.grades.course_total import CourseTotal
from grading.pipeline.grades.ledger import Ledger
from grading.pipeline.marking.results import Result
from grading.pipeline.pages.feedback import template
from grading.pipeline.pages.items import (
    TestRate,
    final_scores,
    items,
    misconception_counts,
    near_budget,
    test_rates,
)
from grading.pipeline.pages.report_figures import difficulty_figure, totals_figure, use_figure
from grading.pipeline.pages.similarity import Pair
from grading.pipeline.proof.use import reference_use

SHOWN_PAIRS = 50
SHOWN_EXCERPTS = 12


@dataclass(frozen=True)
class Flagged:
    """A hand-in that wants a look, and why."""

    student: str
    total: float
    reasons: list[str]


def report_page(
    work: Homework,
    results: Sequence[Result],
    ledgers: Mapping[str, Ledger],
    pairs: Sequence[Pair] = (),
    course: Sequence[CourseTotal] = (),
) -> str:
    """The page as HTML; with course totals, the points of the whole course are on it too."""
    totals = {result.student: _total(result, ledgers.get(result.student)) for result in results}
    analysis = items(work, [final_scores(result, ledgers.get(result.student)) for result in results])
    rates = test_rates(results)
    return template("report.html").render(
        work=work,
        results=results,
        totals=totals,
        mean=fmean(totals.values()),
        median=median(totals.values()),
        items=analysis,
        rates=_by_task(rates),
        nobody=[rate for rate in rates if rate.rate == 0],
        everybody=[rate for rate in rates if rate.rate == 1],
        misconceptions=misconception_counts(results),
        outliers=[
            (result.student, task, near)
            for result in results
            for task in result.tasks
            if (near := near_budget(task))
        ],
        flagged=flagged(work, results, ledgers),
        pairs=pairs[:SHOWN_PAIRS],
        more_pairs=max(len(pairs) - SHOWN_PAIRS, 0),
        shown_excerpts=SHOWN_EXCERPTS,
        course=course,
        pictures={
            "totals": _source(totals_figure([*totals.values()], work.points)),
            "difficulty": _source(difficulty_figure(analysis)),
            "use": _source(use_figure(work, results, reference_use(work))),
        },
    )


def flagged(work: Homework, results: Sequence[Result], ledgers: Mapping[str, Ledger]) -> list[Flagged]:
    """The hand-ins with something odd about the file, confinement, time or follow-through."""
    found = []
    for result in results:
        ledger = ledgers.get(result.student)
        reasons = [] if result.isolated else ["graded without isolation: these points do not count"]
        reasons += result.notes
        if ledger and ledger.seconds_late > 0:
            reasons.append(
                f"{ledger.seconds_late / 3600:.1f} hours late, {ledger.penalty:g} points taken off"
            )
        for task in result.tasks:
            if task.follow_through:
                needs = ", ".join(str(work.task(need).number) for need in task.follow_through)
                reasons.append(f"follow-through in task {task.number}, on top of the reference for {needs}")
        if reasons:
            found.append(Flagged(result.student, _total(result, ledger), reasons))
    return found


def write_report(path: Path, page: str) -> None:
    """Put the page in place in one step."""
    write_atomically(path, page.encode())


def _total(result: Result, ledger: Ledger | None) -> float:
    return ledger.total if ledger else result.score


def _by_task(rates: Sequence[TestRate]) -> dict[str, list[TestRate]]:
    tasks = dict.fromkeys(rate.task for rate in rates)
    return {task: [rate for rate in rates if rate.task == task] for task in tasks}


def _source(figure: Figure) -> str:
    """A figure as the source of an `<img>` that holds the picture itself."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=130)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
