"""A class of hand-ins, built from the release: honest, wrong, careless and hostile ones, each for a reason."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from dgm_course.homework.course import Homework, Task
from grading.pipeline.material.attacks import attack, attacks
from grading.pipeline.material.bank import hand_in, misconceptions, right_styles
from grading.pipeline.material.notebooks import reference_cells

HOSTILE = ("patch_isclose", "forge_result", "read_gradebook", "open_socket")


@dataclass(frozen=True)
class HandIn:
    """One member of the sample class: who, what it is, its bytes, hours late."""

    student: str
    kind: str
    content: bytes
    hours_late: int = 0


def sample_class(work: Homework, *, troubled: bool = True) -> list[HandIn]:
    """The whole class, `student-01` onwards; without the `troubled` those only who tell of this homework."""
    kinds = [*_answers(work), *(_trouble(work) if troubled else ())]
    built = [(kind, _bytes(made), late) for kind, made, late in kinds]
    return [
        HandIn(f"student-{number:02d}", kind, content, late)
        for number, (kind, content, late) in enumerate(built, 1)
    ]


def _answers(work: Homework) -> Iterator[tuple[str, NotebookNode | bytes, int]]:
    """What is handed in, from full marks to nothing."""
    yield "perfect", hand_in(work), 0
    for style, cells in right_styles(work).items():
        yield f"right, {style.replace('_', ' ')}", hand_in(work, cells), 0
    wrong = list(misconceptions(work))
    for task in (work.tasks[1], work.tasks[4], work.tasks[6]):
        each = next(each for each in wrong if each.task == task)
        yield f"misconception: {each.name.replace('_', ' ')}", hand_in(work, {task.id: each.source}), 0
    one_each = {each.task.id: each.source for each in reversed(wrong) if not each.task.needs}
    yield "a misconception in every task", hand_in(work, one_each), 0
    reference = reference_cells(work)
    half = {task.id: reference[task.id] for task in work.tasks[: len(work.tasks) // 2]}
    yield "half done", hand_in(work, half, solved=False), 0
    yield "blank", hand_in(work, solved=False), 0
    yield "late, perfect", hand_in(work), 30


def _trouble(work: Homework) -> Iterator[tuple[str, NotebookNode | bytes, int]]:
    """What goes wrong around an answer, by accident or on purpose; alike in all homeworks."""
    yield "warnings on stderr everywhere", _noisy(work), 0
    yield "crash", _with_prelude(work, work.tasks[4], "import os\nos._exit(1)\n"), 0
    yield "endless loop", _with_prelude(work, work.tasks[2], "while True:\n    pass\n"), 0
    yield (
        "memory hog",
        _with_prelude(work, work.tasks[5], "hog = [torch.ones(2**28) for _ in range(64)]\n"),
        0,
    )
    yield "tampered metadata", _tampered(work), 0
    yield "truncated JSON", nbformat.writes(hand_in(work)).encode()[:20_000], 0
    for path in attacks(work):
        if path.stem in HOSTILE:
            yield f"hostile: {path.stem.replace('_', ' ')}", attack(work, path), 0


def _bytes(made: NotebookNode | bytes) -> bytes:
    return made if isinstance(made, bytes) else json.dumps(made).encode()


def _with_prelude(work: Homework, task: Task, prelude: str) -> NotebookNode:
    """The perfect notebook with a fault at the top of one task's cell."""
    return hand_in(work, {task.id: prelude + reference_cells(work)[task.id]})


def _noisy(work: Homework) -> NotebookNode:
    """The perfect notebook that warns on stderr in every cell, which must cost nothing."""
    shout = 'import sys, warnings\nwarnings.warn("on purpose")\nprint("on purpose", file=sys.stderr)\n'
    return hand_in(work, {task: shout + source for task, source in reference_cells(work).items()})


def _tampered(work: Homework) -> NotebookNode:
    """A blank notebook whose cells are re-pointed, re-tagged, deleted, doubled and claim full marks."""
    notebook = hand_in(work, solved=False)
    by_id = {cell.id: cell for cell in notebook.cells}
    first, _, skipped, _, claimed, broken, _, _, doubled, *_ = (task.id for task in work.tasks)
    by_id[f"check-{claimed}"].metadata.nbgrader.points = 1000
    by_id[f"check-{claimed}"].source = "print('12 of 12 points')"
    by_id[f"check-{skipped}"].metadata.tags = ["skip-execution"]
    by_id[claimed].metadata.nbgrader.grade_id = skipped
    by_id[first].cell_type = "markdown"
    by_id[broken].metadata = NotebookNode(nbgrader="not a dictionary")
    notebook.cells.append(json.loads(json.dumps(by_id[doubled])))
    notebook.cells = [NotebookNode(cell) for cell in notebook.cells if cell["id"] != f"check-{doubled}"]
    return notebook
