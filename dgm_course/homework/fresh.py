"""A notebook run in a fresh kernel, as it was saved: a name that lives only in the author's kernel is missing here.

The notebook is alone in an empty folder, as it is when it is graded. Check and figure cells are left out; instead
each task's visible checks are asked for right after its own cell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from IPython.display import display
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from dgm_course.homework.course import Homework, Task, homework
from dgm_course.homework.report import CheckReport, run_checks

ANSWER = "application/vnd.dgm-course.report+json"
CELL_SECONDS = 300


@dataclass(frozen=True)
class FreshRun:
    """What the visible checks gave, and a sentence for every cell that stopped with an error."""

    reports: tuple[CheckReport, ...]
    faults: tuple[str, ...]


def grade_id(cell: NotebookNode) -> str:
    """The name that a released cell carries, or an empty string for a cell of the student's own."""
    mark = cell.metadata.get("nbgrader")
    return str(mark.get("grade_id", "")) if isinstance(mark, dict) else ""


def publish(homework_id: str, task_id: str, namespace: dict[str, Any]) -> None:
    """Run a task's checks in the kernel, and show their report to the process that started it."""
    work = homework(homework_id)
    report = run_checks(work, work.task(task_id), namespace)
    display({ANSWER: report.to_json(), "text/plain": ""}, raw=True)


def run_fresh(
    notebook: NotebookNode,
    work: Homework,
    tasks: Sequence[Task],
    *,
    on_cell: Callable[[int, int], None] = lambda done, total: None,
) -> FreshRun:
    """Run the notebook's given, free and solution cells up to the last of `tasks`, and the checks of `tasks`.

    Args:
        notebook: any notebook of the homework; it is not changed.
        work: the homework.
        tasks: whose checks to run; a task without a cell gives no report.
        on_cell: called before each cell with how many are done and how many there are.
    """
    names, cells = _cells(notebook, work, tasks)
    faults: list[str] = []
    current = 0

    def started(cell: NotebookNode, cell_index: int) -> None:
        nonlocal current
        current = cell_index
        on_cell(cell_index, len(cells))

    def failed(cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
        content = execute_reply["content"]
        message = (str(content["evalue"]).splitlines() or [""])[0]
        faults.append(f"{names[cell_index]} stops with {content['ename']}: {message}".removesuffix(": "))

    with TemporaryDirectory(prefix="dgm-") as folder:
        client = NotebookClient(
            nbformat.v4.new_notebook(cells=cells),
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR", "--HistoryManager.enabled=False"],
            resources={"metadata": {"path": folder}},
            shutdown_kernel="immediate",
            allow_errors=True,
            timeout=CELL_SECONDS,
            interrupt_on_timeout=True,
            error_on_timeout={
                "ename": "TimeoutError",
                "evalue": f"no end after {CELL_SECONDS // 60} minutes",
            },
            on_cell_start=started,
            on_cell_error=failed,
        )
        try:
            client.execute()
        except DeadKernelError:
            faults.append(f"{names[current]} ends the whole Python process (too much memory, or `exit`)")
    answers = [
        output.data[ANSWER] for cell in cells for output in cell.outputs if ANSWER in output.get("data", {})
    ]
    return FreshRun(tuple(CheckReport.from_json(work, answer) for answer in answers), tuple(faults))


def _cells(
    notebook: NotebookNode, work: Homework, tasks: Sequence[Task]
) -> tuple[list[str], list[NotebookNode]]:
    """The cells to run, and what to call each of them in a message."""
    names: list[str] = []
    cells: list[NotebookNode] = []
    wanted = {task.id: task for task in tasks}
    last = 0
    for number, cell in enumerate(notebook.cells, start=1):
        name = grade_id(cell)
        if cell.cell_type != "code" or name.startswith(("check-", "figure-")):
            continue
        names.append(f"cell {number} ({name or 'your own'})")
        cells.append(nbformat.v4.new_code_cell(cell.source))  # without the tags that would make it be skipped
        if name in wanted:
            ask = f"__import__({__name__!r}, fromlist=['publish']).publish({work.id!r}, {name!r}, globals())"
            names.append(f"the check of task {wanted[name].number}")
            cells.append(nbformat.v4.new_code_cell(ask))
            last = len(cells)
    return names[:last], cells[:last]
