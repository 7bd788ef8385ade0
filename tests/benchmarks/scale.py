"""A class of 200 graded by one process, by two and by a Dask cluster of two workers; what 10,000 students would cost.

The hand-ins are simulated: every task is the reference's (60 %), another right version (15 %), a wrong version of the
bank (15 %) or blank (10 %), drawn for each student. The training task is left blank, as it only burns time that is
the student's own; its seconds are measured apart. All three ways must give the same results.

Stock nbgrader grades some of the same notebooks, its marginal wall time for one more hand-in, without any hidden test.

`scale.py 200` takes about a quarter of an hour.
"""

import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import nbformat
import psutil
from distributed import LocalCluster
from grading_overhead import nbgrader, release_stock

from dgm_course.homework.course import Homework, homework
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.handins.submitted import submitted_path
from grading.pipeline.marking.results import Result
from grading.pipeline.marking.transcripts import transcript_path
from grading.pipeline.material.bank import hand_in, misconceptions, right_styles
from grading.pipeline.material.notebooks import reference_cells, release_notebook
from grading.pipeline.running.pool import Job, grade_all
from grading.pipeline.running.run import run_class

STUDENTS, HOMEWORKS = 10_000, 4
STOCK = 4  # hand-ins that stock nbgrader grades


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    work = homework("hw1")
    notebooks = list(simulated(work, size))
    rows: dict[str, tuple[float, float]] = {}
    scores: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        course = Path(folder)
        for number, notebook in enumerate(notebooks):
            write_atomically(submitted_path(course, work.id, f"student-{number:05}"), notebook.encode())
        ways = {"1 process": {"processes": 1}, "2 processes": {"processes": 2}}
        for name, options in ways.items():
            rows[name], scores[name] = measured(course, work, **options)
            report(name, size, *rows[name])
        cluster = stack.enter_context(
            LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=None, dashboard_address=":0")
        )
        name = "Dask, 2 workers"
        rows[name], scores[name] = measured(course, work, scheduler=cluster.scheduler_address)
        report(name, size, *rows[name])
        assert len({tuple(each) for each in scores.values()}) == 1, "another way, other scores"
        kept = statistics.mean(
            path.stat().st_size for path in transcript_path(course, "hw1", "").parent.iterdir()
        )
    mean = statistics.mean(scores["1 process"])
    (one, _), (two, _) = rows["1 process"], rows["2 processes"]
    print(f"the same {size} scores in all ways, mean {mean:.1f}; speed-up of 2 processes {one / two:.2f}")
    stock = stock_seconds(work, notebooks[: 1 + STOCK])
    print(f"stock nbgrader: {stock:.2f} s a hand-in and process, {stock / (one / size):.1f} × ours")
    trained = train_seconds(work)
    each = 2 * two / size + trained  # a process keeps to its core
    total = each * STUDENTS * HOMEWORKS / 3600
    print(
        f"model: {STUDENTS} students × {HOMEWORKS} homeworks at {each:.1f} core-seconds each, {trained:.1f} of them "
        f"training: {total:.0f} core-hours, {total / 64:.1f} h on 64 cores; "
        f"{kept * STUDENTS * HOMEWORKS / 1e9:.0f} GB of transcripts"
    )


def simulated(work: Homework, size: int) -> Iterator[str]:
    """Notebooks of a class, the same for everybody who asks."""
    dice = random.Random(0)
    styles, reference = list(right_styles(work).values()), reference_cells(work)
    blank = {cell.id: cell.source for cell in release_notebook(work).cells}
    for _ in range(size):
        cells = {}
        for task in work.tasks:
            wrong = dice.choice(list(misconceptions(work, task))).source
            right = dice.choice(styles).get(task.id, reference[task.id])
            kinds = [reference[task.id], right, wrong, blank[task.id]]
            cells[task.id] = dice.choices(kinds, (60, 15, 15, 10))[0]
        yield nbformat.writes(hand_in(work, cells | {"train": blank["train"]}))


def measured(course: Path, work: Homework, **options: object) -> tuple[tuple[float, float], list[float]]:
    """Wall seconds and peak memory in MiB of grading the whole class anew, and its scores."""
    with sampled_memory() as peak:
        start = time.perf_counter()
        results, failures = run_class(course, work, force=True, **options)  # type: ignore[arg-type]
        wall = time.perf_counter() - start
    assert not failures, failures
    return (wall, peak[0]), [result.score for result in results]


def report(name: str, size: int, wall: float, peak: float) -> None:
    print(
        f"{name}: {wall:.0f} s, {3600 * size / wall:.0f} hand-ins an hour, {wall / size:.2f} s each, "
        f"{peak:.0f} MiB in all processes",
        flush=True,
    )


@contextmanager
def sampled_memory() -> Iterator[list[float]]:
    """The highest sum of this process's and its children's proportional memory, looked at twice a second."""
    peak, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.5):
            total = 0
            for each in [psutil.Process(), *psutil.Process().children(recursive=True)]:
                try:
                    total += each.memory_full_info().pss
                except psutil.Error:  # it has just ended
                    continue
            peak[0] = max(peak[0], total / 2**20)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def train_seconds(work: Homework) -> float:
    """CPU seconds that the reference's training task takes a hand-in."""
    content = nbformat.writes(hand_in(work)).encode()
    jobs = [Job("hw1", "student-01", content, ("train",))]
    ((_, graded),) = grade_all(jobs, b"bench", processes=1)
    assert not isinstance(graded, Exception)
    result: Result = graded.result
    return result.task("train").cpu_seconds


def stock_seconds(work: Homework, notebooks: list[str]) -> float:
    """Wall seconds of one more hand-in in a run of stock `nbgrader autograde`."""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        release_stock(course, work)
        for number, notebook in enumerate(notebooks):
            path = submitted_path(course, work.id, f"{'first' if number == 0 else 'more'}-{number}")
            path.parent.mkdir(parents=True)
            path.write_text(notebook)
        walls = []
        for students in ("first-*", "more-*"):
            start = time.perf_counter()
            nbgrader(course, "autograde", "hw1", "--student", students)
            walls.append(time.perf_counter() - start)
    return (walls[1] - walls[0]) / (len(notebooks) - 2)


if __name__ == "__main__":
    main()
