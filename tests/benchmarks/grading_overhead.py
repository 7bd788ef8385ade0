"""What grading one hand-in costs beyond the student's own computation: ours against stock `nbgrader autograde`.

The same notebook (all of homework 1 solved but the training task), the same machine, in turns. Stock: the marginal
wall time of one more hand-in in a run of several, less what its cells computed (nbclient's own record), import cell
excepted, for a kernel that imports torch is start-up. Ours: the wall time of one `grade_submission` in a running
process, less what its workers were busy with the student's cells and calls.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import nbformat
import torch

from dgm_course.homework.course import Homework, homework
from grading.pipeline.bank import hand_in
from grading.pipeline.notebooks import instructor_notebook, reference_cells, skeleton
from grading.pipeline.submission import grade_submission
from grading.sandbox.client import Sandbox

ROUNDS = 3
MORE = 2


def main() -> None:
    torch.set_num_threads(1)
    work = homework("hw1")
    train = {"train": skeleton(reference_cells(work)["train"], work.task("train"))}
    notebook = nbformat.writes(hand_in(work, train))
    ours, stock = [], []
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        course = Path(folder)
        release_stock(course, work)
        grade_submission(work, "warm-up", notebook.encode(), sandbox, b"bench")
        for round_ in range(ROUNDS):
            ours.append(our_overhead(work, notebook, sandbox))
            stock.append(stock_overhead(course, notebook, round_))
            print(f"round {round_ + 1}: ours {ours[-1]:.2f} s, stock {stock[-1]:.2f} s", flush=True)
    ratio = statistics.median(s / o for o, s in zip(ours, stock, strict=True))
    print(
        f"overhead of one hand-in, medians of {ROUNDS} paired rounds: "
        f"ours {statistics.median(ours):.2f} s, stock nbgrader {statistics.median(stock):.2f} s, ratio {ratio:.1f}"
    )


def our_overhead(work: Homework, notebook: str, sandbox: Sandbox) -> float:
    start = time.perf_counter()
    result = grade_submission(work, "student-01", notebook.encode(), sandbox, b"bench")
    return time.perf_counter() - start - sum(task.busy_seconds for task in result.tasks)


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
    """Run one of nbgrader's commands; it calls alembic, which lies beside it."""
    programs = Path(sys.executable).parent
    environment = os.environ | {"MPLBACKEND": "Agg", "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    command = [str(programs / "nbgrader"), *arguments, "--log-level=ERROR"]
    subprocess.run(command, cwd=course, check=True, env=environment)


if __name__ == "__main__":
    main()
