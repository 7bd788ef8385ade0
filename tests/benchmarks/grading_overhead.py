"""What grading one hand-in costs beyond the student's own computation: ours against stock `nbgrader autograde`.

The same notebook (all of homework 1 solved but the training task), the same machine, in turns.

Stock: the marginal wall time of one more hand-in in a run of several, less what its cells computed (nbclient's own
record), import cell excepted, for a kernel that imports torch is start-up.
Ours: the wall time of grading one, with its transcript, in a process of the pool, less what its workers were busy
with the student's cells and calls (our own record).

The second figure of ours is harder on us: less what the same cells, run once, and the same tests take in one bare
process. It counts as overhead that every task's worker runs the cells before its own again, and all messages.
"""

import contextlib
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from dgm_course.homework.course import Homework, homework
from grading.pipeline.marking.suite import HiddenSuite
from grading.pipeline.marking.transcripts import grade
from grading.pipeline.marking.workers import runnable_cells
from grading.pipeline.material.bank import hand_in
from grading.pipeline.material.notebooks import instructor_notebook, reference_cells, skeleton
from grading.pipeline.running.pool import stay_on
from grading.sandbox.client import Sandbox

ROUNDS = 3
MORE = 2


def main() -> None:
    work = homework("hw1")
    train = {"train": skeleton(reference_cells(work)["train"], work.task("train"))}
    notebook = nbformat.writes(hand_in(work, train))
    ours, bare, stock = [], [], []
    stay_on(max(os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        course = Path(folder)
        release_stock(course, work)
        grade(work, "warm-up", notebook.encode(), sandbox, b"bench")
        for round_ in range(ROUNDS):
            wall, busy = our_seconds(work, notebook, sandbox)
            ours.append(wall - busy)
            bare.append(wall - bare_seconds(work, notebook))
            stock.append(stock_overhead(course, notebook, round_))
            print(
                f"round {round_ + 1}: ours {ours[-1]:.2f} s ({bare[-1]:.2f} s beyond a bare process), "
                f"stock {stock[-1]:.2f} s",
                flush=True,
            )
    for name, each in (("ours", ours), ("ours beyond a bare process", bare)):
        ratio = statistics.median(s / o for o, s in zip(each, stock, strict=True))
        print(
            f"overhead of one hand-in, medians of {ROUNDS} paired rounds: {name} {statistics.median(each):.2f} s, "
            f"stock nbgrader {statistics.median(stock):.2f} s, ratio {ratio:.1f}"
        )


def our_seconds(work: Homework, notebook: str, sandbox: Sandbox) -> tuple[float, float]:
    """The median wall seconds of grading, and what the workers were busy of these."""
    runs = []
    for _ in range(5):
        start = time.perf_counter()
        result = grade(work, "student-01", notebook.encode(), sandbox, b"bench").result
        runs.append((time.perf_counter() - start, sum(task.busy_seconds for task in result.tasks)))
    return sorted(runs)[2]


class BareSuite(HiddenSuite):
    """The hidden tests on functions of this very process: for a clock, never for a score."""

    def __init__(self, work: Homework, notebook: nbformat.NotebookNode) -> None:
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.seconds = 0.0
        self.done: set[str] = set()
        super().__init__(Sandbox(), work, notebook, student="student-01", secret=b"bench")

    @pytest.fixture(scope="module")
    def task_worker(self, request: pytest.FixtureRequest) -> SimpleNamespace:
        cells = runnable_cells(self.notebook, self.task_of(request.path), {})
        start = time.perf_counter()
        for cell in cells:
            if cell.id not in self.done:
                with contextlib.suppress(NotImplementedError):
                    exec(cell.source, self.names)
                self.done.add(cell.id)
        self.seconds += time.perf_counter() - start
        return SimpleNamespace(student=lambda: SimpleNamespace(**self.names))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        start = time.perf_counter()
        try:
            return (yield)
        finally:
            self.seconds += time.perf_counter() - start


def bare_seconds(work: Homework, notebook: str) -> float:
    """The median of five forks, each as cold as a worker or a kernel that has just imported torch."""
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        return statistics.median(pool.starmap(_bare_seconds, [(work, notebook)] * 5, chunksize=1))


def _bare_seconds(work: Homework, notebook: str) -> float:
    suite = BareSuite(work, nbformat.reads(notebook, as_version=4))
    suite.grade(work.tasks)
    return suite.seconds


def release_stock(course: Path, work: Homework) -> None:
    """A course with nbgrader's own defaults; only the record of execution times is kept for us to read."""
    source = course / "source" / work.id / f"{work.id}.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(nbformat.writes(instructor_notebook(work)))
    (course / "nbgrader_config.py").write_text(
        "c = get_config()\nc.ExecutePreprocessor.timeout = c.Execute.timeout = 600\n"
        "c.ClearMetadataPreprocessor.enabled = False\n"
    )
    nbgrader(course, "generate_assignment", work.id)


def stock_overhead(course: Path, notebook: str, round_: int) -> float:
    one = stock_seconds(course, notebook, [f"one-{round_}"])
    names = [f"more-{round_}-{number}" for number in range(1 + MORE)]
    return (stock_seconds(course, notebook, names) - one) / MORE


def stock_seconds(course: Path, notebook: str, students: list[str]) -> float:
    """Wall seconds of one autograde run over these students, less their own cells' computing."""
    for student in students:
        path = course / "submitted" / student / "hw1" / "hw1.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(notebook)
    start = time.perf_counter()
    nbgrader(course, "autograde", "hw1", "--student", f"{students[0].rsplit('-', 1)[0]}-*")
    seconds = time.perf_counter() - start
    for student in students:
        graded = nbformat.read(course / "autograded" / student / "hw1" / "hw1.ipynb", as_version=4)
        seconds -= sum(
            computed(cell) for cell in graded.cells if cell.metadata.nbgrader.grade_id != "given-imports"
        )
    return seconds


def computed(cell: nbformat.NotebookNode) -> float:
    times = cell.metadata.get("execution", {})
    if "shell.execute_reply" not in times or "iopub.status.busy" not in times:
        return 0.0
    begin, end = (datetime.fromisoformat(times[key]) for key in ("iopub.status.busy", "shell.execute_reply"))
    return (end - begin).total_seconds()


def nbgrader(course: Path, *arguments: str) -> None:
    """Run one of nbgrader's commands on all cores; it calls alembic, which lies beside it."""
    programs = Path(sys.executable).parent
    environment = os.environ | {"MPLBACKEND": "Agg", "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    command = [str(programs / "nbgrader"), *arguments, "--log-level=ERROR"]
    everywhere = ["taskset", "--cpu-list", f"0-{(os.cpu_count() or 1) - 1}"]
    subprocess.run([*everywhere, *command], cwd=course, check=True, env=environment)


if __name__ == "__main__":
    main()
