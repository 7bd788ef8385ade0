"""The confined processes that a notebook is tested in: one for all tasks, or one for each.

In the order of the notebook every task is tested in a worker of its own, which ran the cells up to the task's and
nothing after: no task can spoil another. That is the measure, and it runs most cells many times. So all tasks are
first tried in one common worker that ran every cell once; a task that passes there whole needs no other trial, and
whatever fails there counts for nothing. All cells have run before the first test asks, so no output holds its inputs.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nbformat import NotebookNode

from dgm_course.homework.course import Task
from dgm_course.testing import StudentError
from grading.pipeline.marking.results import TestResult
from grading.sandbox.client import Budget, Cell, CellResult, Usage, Worker
from grading.sandbox.proxy import Student, student_error

if TYPE_CHECKING:
    from grading.pipeline.marking.suite import HiddenSuite

# The reference takes half of it; what takes longer is tried task by task, each with its own budget.
COMMON_BUDGET = Budget(cpu_seconds=10, wall_seconds=20)


def runnable_cells(notebook: NotebookNode, task: Task, replaced: dict[str, str]) -> list[Cell]:
    """The cells a task is graded on: given, free and solution cells up to and including the task's own.

    `replaced` maps task ids to sources that stand in for the student's cell (follow-through marking). What the
    homework gives away, but for its imports, runs once more at the end: a student's cell may have redefined it.
    """
    cells = []
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", cell.id)
        if cell.cell_type != "code" or grade_id.startswith(("check-", "figure-")):
            continue
        cells.append(Cell(id=grade_id, source=replaced.get(grade_id, cell.source)))
        if grade_id == task.id:
            break
    given = [cell for cell in cells if cell.id.startswith("given-") and cell.id != "given-imports"]
    return [*cells, *given]


@dataclass
class TaskRun:
    """What happened in one task: outcomes in test order, the task's own cell, what it used."""

    tests: list[TestResult] = field(default_factory=list)
    cell: CellResult | None = None
    usage: Usage = field(default_factory=lambda: Usage(0.0, 0.0, 0.0, 0.0))

    @property
    def uncertain(self) -> bool:
        """Whether a trial together with other tasks leaves open how the task would fare alone."""
        return any(test.kind not in ("passed", "unwritten") for test in self.tests)


class TaskWorker:
    """The worker of one task alone, begun anew when the student's code kills it; out of budget it stays dead."""

    def __init__(self, suite: "HiddenSuite", task: Task) -> None:
        self.suite, self.task, self.run = suite, task, suite.runs[task.id]
        self._worker: Worker | None = None
        self._given_up: StudentError | None = None
        self._left = Budget(cpu_seconds=task.cpu_seconds)  # for all workers that died while they answered
        stand_ins = f" on the reference of {', '.join(sorted(suite.replaced))}" if suite.replaced else ""
        self._labels = (f"{task.id}{stand_ins}, worker {number}" for number in itertools.count(1))

    def student(self) -> Student:
        """The proxy; raises `StudentError` when the task's own cell kills its worker or the budget is spent."""
        if self._given_up:
            raise self._given_up
        if self._worker and self._worker.fault and not self._affordable(self._worker):
            raise self._give_up("the budget of this task is spent, so")
        while self._worker is None or self._worker.fault:
            self._begin()
        return self._worker.student

    def _affordable(self, dead: Worker) -> bool:
        """Whether the budget has something left for another worker."""
        spent = dead.usage()
        self._left = replace(
            self._left,
            cpu_seconds=self._left.cpu_seconds - spent.cpu_seconds,
            wall_seconds=self._left.wall_seconds - spent.busy_seconds,
        )
        timed_out = dead.fault is not None and dead.fault.kind == "timeout"
        return not timed_out and min(self._left.cpu_seconds, self._left.wall_seconds) > 0

    def _begin(self) -> None:
        """Run the cells in a new worker; a cell before the task's own that kills it is left out ever after."""
        self.close()
        self._worker = self.suite.sandbox.worker(self._left, label=next(self._labels))
        for cell in runnable_cells(self.suite.notebook, self.task, self.suite.replaced):
            own = cell.id == self.task.id
            if not own and self.suite.leaves_out(cell):
                continue
            result = self._worker.run(cell)
            if cell.id in self.suite.replaced:
                del self._worker.sources[cell.id]  # no message may quote a line of the reference
            if own and self.run.cell is None:  # a later worker could show what an earlier one was asked
                self.run.cell = result
            if self._worker.fault:
                self.suite.poisonous.add(cell.id)
                if own:
                    raise self._give_up("the solution cell")
                return

    def _give_up(self, what: str) -> StudentError:
        assert self._worker is not None
        assert self._worker.fault is not None
        self._given_up = student_error(self._worker.fault.kind, what, self._worker.fault.what)
        return self._given_up

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
            before, now = self.run.usage, self._worker.usage()
            self.run.usage = Usage(
                cpu_seconds=before.cpu_seconds + now.cpu_seconds,
                wall_seconds=before.wall_seconds + now.wall_seconds,
                peak_memory_mib=max(before.peak_memory_mib, now.peak_memory_mib),
                busy_seconds=before.busy_seconds + now.busy_seconds,
            )
            self._worker = None


class CommonWorker:
    """One worker for all tasks, which ran every cell of the notebook."""

    def __init__(self, suite: "HiddenSuite", tasks: tuple[Task, ...]) -> None:
        self.suite = suite
        self.worker = suite.sandbox.worker(COMMON_BUDGET, label="all tasks")
        self.spent = Usage(0.0, 0.0, 0.0, 0.0)  # up to now, by whomever
        ids = {task.id for task in tasks}
        for cell in runnable_cells(suite.notebook, tasks[-1], {}):
            if cell.id in ids:
                self.spent = self.worker.usage()
            result = self.worker.run(cell)
            if cell.id in ids:
                suite.runs[cell.id].cell = result
                self._charge(cell.id)
        self.spent = self.worker.usage()

    def testing(self, task: Task) -> Iterator["CommonWorker"]:
        """Charge the task what its tests use."""
        yield self
        self._charge(task.id)

    def _charge(self, task: str) -> None:
        before, now, run = self.spent, self.worker.usage(), self.suite.runs[task]
        run.usage = Usage(
            cpu_seconds=run.usage.cpu_seconds + now.cpu_seconds - before.cpu_seconds,
            wall_seconds=run.usage.wall_seconds + now.wall_seconds - before.wall_seconds,
            peak_memory_mib=now.peak_memory_mib,
            busy_seconds=run.usage.busy_seconds + now.busy_seconds - before.busy_seconds,
        )
        self.spent = now

    def student(self) -> Student:
        return self.worker.student

    def close(self) -> None:
        self.worker.close()
