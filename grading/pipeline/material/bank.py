"""The bank: wrong versions of every task, each a named misconception, and differently built right ones.

`grading/bank/<homework>/<NN_task>/<name>.py` replaces a task's solution cell; its docstring is a title line and
the explanation that a student reads. `grading/bank/<homework>/right/<style>/<NN_task>.py` holds right versions.
`proof.json` beside them records which hidden tests each wrong version fails: its signature.
"""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nbformat import NotebookNode

from dgm_course.homework.course import Homework, Task
from grading.pipeline.material.notebooks import reference_cells, release_notebook

BANK = Path(__file__).parents[2] / "bank"
MOST_CANDIDATES = 3  # with more of them, none is any help


@dataclass(frozen=True)
class Misconception:
    """One wrong version of one task."""

    task: Task
    name: str
    path: Path

    @property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def explanation(self) -> str:
        """The title line and the paragraph that tells a student what went wrong."""
        return ast.get_docstring(ast.parse(self.source)) or self.name


def misconceptions(work: Homework, task: Task | None = None) -> Iterator[Misconception]:
    """Every wrong version of a homework, or of one of its tasks, in task order."""
    for each in (task,) if task else work.tasks:
        for path in sorted((BANK / work.id / each.stem).glob("*.py")):
            yield Misconception(each, path.stem, path)


def right_styles(work: Homework) -> dict[str, dict[str, str]]:
    """The differently built right versions: style, then task id, then the solution cell's source."""
    return {
        folder.name: {
            task.id: path.read_text(encoding="utf-8")
            for task in work.tasks
            if (path := folder / f"{task.stem}.py").exists()
        }
        for folder in sorted((BANK / work.id / "right").iterdir())
        if folder.is_dir()
    }


def hand_in(work: Homework, cells: dict[str, str] | None = None, *, solved: bool = True) -> NotebookNode:
    """A hand-in: the release with the reference's cells (or its skeletons), except those given here."""
    sources = (reference_cells(work) if solved else {}) | (cells or {})
    notebook = release_notebook(work)
    for cell in notebook.cells:
        cell.source = sources.get(cell.id, cell.source)
    return notebook


def proof_path(work: Homework) -> Path:
    """Where the kept result of `dgm-grade prove` lies."""
    return BANK / work.id / "proof.json"


@cache
def _signatures(work: Homework) -> dict[tuple[str, frozenset[str]], list[str]]:
    path = proof_path(work)
    found: dict[tuple[str, frozenset[str]], list[str]] = {}
    if path.exists():
        for row in json.loads(path.read_text(encoding="utf-8"))["wrong"]:
            found.setdefault((row["task"], frozenset(row["fails"])), []).append(row["name"])
    return found


def recognise(work: Homework, task: Task, failed: frozenset[str]) -> str | None:
    """The explanation of the wrong version that fails exactly these tests; None when none or many do.

    Of two or three it holds all titles in its first line, and then one explanation after the other.
    """
    names = _signatures(work).get((task.id, failed), [])
    if not 1 <= len(names) <= MOST_CANDIDATES:
        return None
    found = [each.explanation for each in misconceptions(work, task) if each.name in names]
    titles = [text.partition("\n")[0] for text in found]
    return found[0] if len(found) == 1 else "\n\n".join([" Or: ".join(titles), *found])
