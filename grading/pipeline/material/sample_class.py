"""A class of hand-ins, built from the release: honest, wrong, careless and hostile ones, each for a reason.

`grading/attacks` holds the hostile ones. Those in `cells/` are what a student could write, in percent format: `# %%
task="made"` replaces a solution cell of the blank notebook, a cell without a marker is a free cell before the first
task. Those in `files/` are our own Python: `tamper` gets the blank notebook and returns what is handed in.
"""

import json
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from dgm_course.homework.course import Homework
from grading.pipeline.material.bank import hand_in, misconceptions, right_styles
from grading.pipeline.material.notebooks import reference_cells, source_cells

ATTACKS = Path(__file__).parents[2] / "attacks"
HOSTILE = ("cells/patch_isclose", "cells/forge_result", "cells/read_gradebook", "cells/open_socket")


@dataclass(frozen=True)
class HandIn:
    """One member of the sample class: who, what it is, its bytes, hours late."""

    student: str
    kind: str
    content: bytes
    hours_late: int = 0


def attack(work: Homework, path: Path) -> bytes:
    """The blank notebook with one attack's cells in it, or tampered with."""
    notebook = hand_in(work, solved=False)
    if path.parent.name == "files":
        return _bytes(runpy.run_path(str(path))["tamper"](notebook))
    free: list[NotebookNode] = []
    for cell in source_cells(path):
        if cell.cell_type == "code" and "task" in cell.metadata:
            next(each for each in notebook.cells if each.id == cell.metadata["task"]).source = cell.source
        elif cell.cell_type == "code":
            free.append(nbformat.v4.new_code_cell(cell.source, id=f"free-{len(free)}"))
    first = next(i for i, cell in enumerate(notebook.cells) if cell.metadata.nbgrader.solution)
    notebook.cells[first:first] = free
    return _bytes(notebook)


def sample_class(work: Homework) -> list[HandIn]:
    """The whole class, `student-01` onwards."""
    built = [(kind, _bytes(made), late) for kind, made, late in _kinds(work)]
    return [
        HandIn(f"student-{number:02d}", kind, content, late)
        for number, (kind, content, late) in enumerate(built, 1)
    ]


def _kinds(work: Homework) -> Iterator[tuple[str, NotebookNode | bytes, int]]:
    yield "perfect", hand_in(work), 0
    for style, cells in right_styles(work).items():
        yield f"right, {style.replace('_', ' ')}", hand_in(work, cells), 0
    wrong = list(misconceptions(work))
    for task in ("discretized-logistic", "made", "masked-conv"):
        each = next(each for each in wrong if each.task.id == task)
        yield f"misconception: {each.name.replace('_', ' ')}", hand_in(work, {task: each.source}), 0
    one_each = {each.task.id: each.source for each in reversed(wrong) if not each.task.needs}
    yield "a misconception in every task", hand_in(work, one_each), 0
    reference = reference_cells(work)
    half = {task.id: reference[task.id] for task in work.tasks[: len(work.tasks) // 2]}
    yield "half done", hand_in(work, half, solved=False), 0
    yield "blank", hand_in(work, solved=False), 0
    yield "late, perfect", hand_in(work), 30
    yield "warnings on stderr everywhere", _noisy(work), 0
    yield "crash", _with_prelude(work, "made", "import os\nos._exit(1)\n"), 0
    yield "endless loop", _with_prelude(work, "markov", "while True:\n    pass\n"), 0
    yield "memory hog", _with_prelude(work, "wavenet", "hog = [torch.ones(2**28) for _ in range(64)]\n"), 0
    yield "tampered metadata", _tampered(work), 0
    yield "truncated JSON", nbformat.writes(hand_in(work)).encode()[:20_000], 0
    for name in HOSTILE:
        yield f"hostile: {Path(name).stem.replace('_', ' ')}", attack(work, ATTACKS / f"{name}.py"), 0


def _bytes(made: NotebookNode | bytes) -> bytes:
    return made if isinstance(made, bytes) else json.dumps(made).encode()


def _with_prelude(work: Homework, task: str, prelude: str) -> NotebookNode:
    """The perfect notebook with a fault at the top of one task's cell."""
    return hand_in(work, {task: prelude + reference_cells(work)[task]})


def _noisy(work: Homework) -> NotebookNode:
    """The perfect notebook that warns on stderr in every cell, which must cost nothing."""
    shout = 'import sys, warnings\nwarnings.warn("on purpose")\nprint("on purpose", file=sys.stderr)\n'
    return hand_in(work, {task: shout + source for task, source in reference_cells(work).items()})


def _tampered(work: Homework) -> NotebookNode:
    """A blank notebook whose cells are re-pointed, re-tagged, deleted, doubled and claim full marks."""
    notebook = hand_in(work, solved=False)
    by_id = {cell.id: cell for cell in notebook.cells}
    by_id["check-made"].metadata.nbgrader.points = 1000
    by_id["check-made"].source = "print('12 of 12 points')"
    by_id["check-markov"].metadata.tags = ["skip-execution"]
    by_id["made"].metadata.nbgrader.grade_id = "markov"
    by_id["histogram"].cell_type = "markdown"
    by_id["wavenet"].metadata = NotebookNode(nbgrader="not a dictionary")
    notebook.cells.append(json.loads(json.dumps(by_id["attention"])))
    notebook.cells = [NotebookNode(cell) for cell in notebook.cells if cell["id"] != "check-attention"]
    return notebook
