"""What the scores of a class say of the tasks and tests: item analysis in the sense of test theory.

The difficulty of a task is the mean share of its points. Its discrimination is the corrected item-total correlation:
Pearson's correlation of the task's points with the points of all *other* tasks (with the task itself in the total, a
task worth many points would discriminate by its size alone). Below 0.2 a task tells little; below 0 it rewards those
who do worse elsewhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation, fmean

from dgm_course.homework.course import Homework, Task
from grading.pipeline.grades.ledger import Ledger
from grading.pipeline.marking.results import Result, TaskResult
from grading.sandbox.outcome import Budget

NEAR_BUDGET = 0.8


@dataclass(frozen=True)
class Item:
    """One task in a class; its discrimination is None where a score is constant."""

    task: Task
    mean_share: float
    full_marks: float
    discrimination: float | None


@dataclass(frozen=True)
class TestRate:
    """One hidden test in a class: in what share of the hand-ins it passes."""

    __test__ = False  # for pytest, which collects by name

    task: str
    title: str
    points: float
    rate: float


def final_scores(result: Result, ledger: Ledger | None) -> dict[str, float]:
    """Points by task: the gradebook's, where people changed what the tests gave."""
    return ledger.scores if ledger else {task.id: task.score for task in result.tasks}


def items(work: Homework, scores: Sequence[Mapping[str, float]]) -> list[Item]:
    """The analysis of every task over the points by task of each hand-in.

    Example:
        >>> from dgm_course.homework.course import Task
        >>> work = Homework("hw", "", "", (Task(1, "a", "", 2), Task(2, "b", "", 4)))
        >>> one, other = items(work, [{"a": 0, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 3}])
        >>> one.mean_share, one.discrimination
        (0.5, 1.0)
    """
    found = []
    for task in work.tasks:
        own = [points[task.id] for points in scores]
        rest = [sum(points.values()) - points[task.id] for points in scores]
        try:
            discrimination = correlation(own, rest)
        except StatisticsError:  # constant, or fewer than two hand-ins
            discrimination = None
        full = fmean(points >= task.points for points in own)
        found.append(Item(task, fmean(own) / task.points, full, discrimination))
    return found


def test_rates(results: Sequence[Result]) -> list[TestRate]:
    """How often each hidden test passes, in the order of tasks and tests."""
    outcomes: dict[tuple[str, str], list[bool]] = {}
    about: dict[tuple[str, str], tuple[str, float]] = {}
    for result in results:
        for task in result.tasks:
            for test in task.tests:
                outcomes.setdefault((task.id, test.name), []).append(test.passed)
                about[task.id, test.name] = test.title, test.points
    return [TestRate(task, *about[task, name], fmean(passed)) for (task, name), passed in outcomes.items()]


test_rates.__test__ = False  # type: ignore[attr-defined]


def misconception_counts(results: Sequence[Result]) -> list[tuple[TaskResult, str, int]]:
    """Every recognised misconception as task, title and number of students, the most frequent first."""
    named = [
        (task, task.misconception.strip().splitlines()[0])
        for result in results
        for task in result.tasks
        if task.misconception
    ]
    tasks = {(task.id, title): task for task, title in named}
    counts = Counter((task.id, title) for task, title in named)
    return [(tasks[key], key[1], number) for key, number in counts.most_common()]


def near_budget(task: TaskResult) -> list[str]:
    """What a task used nearly all of, in words."""
    budget = Budget(cpu_seconds=task.cpu_budget)
    used = (
        ("CPU time", task.cpu_seconds, budget.cpu_seconds, "s"),
        ("clock", task.busy_seconds, budget.wall_seconds, "s"),
        ("memory", task.peak_memory_mib, budget.memory_mib, "MiB"),
    )
    return [
        f"{what} {spent:.0f} of {most:.0f} {unit}"
        for what, spent, most, unit in used
        if spent > NEAR_BUDGET * most
    ]
