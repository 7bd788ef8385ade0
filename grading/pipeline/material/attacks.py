"""The hostile hand-ins of `grading/attacks`.

A folder holds those of one homework; what attacks the file or the process, and no task, lies with the first. Those in
`cells/` are what a student could write, in percent format: `# %% task="made"` replaces a solution cell of the blank
notebook, a cell without a marker is a free cell before the first task. Those in `files/` are our own Python: `tamper`
gets the blank notebook and returns what is handed in.
"""

import ast
import json
import re
import runpy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from dgm_course.homework.course import Homework
from grading.pipeline.material.bank import hand_in
from grading.pipeline.material.notebooks import source_cells

ATTACKS = Path(__file__).parents[2] / "attacks"


def attacks(work: Homework) -> list[Path]:
    """Those of one homework."""
    return sorted((ATTACKS / work.id).glob("*/*.py"))


def answered(path: Path) -> list[str]:
    """The ids of the tasks that an attack answers."""
    return list(dict.fromkeys(re.findall(r'# %% task="([\w-]+)"', path.read_text(encoding="utf-8"))))


def tries(path: Path) -> str:
    """What an attack says of itself, in one line."""
    return " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split())


def attack(work: Homework, path: Path) -> bytes:
    """The blank notebook with one attack's cells in it, or tampered with."""
    notebook = hand_in(work, solved=False)
    if path.parent.name == "files":
        made = runpy.run_path(str(path))["tamper"](notebook)
        return made if isinstance(made, bytes) else json.dumps(made).encode()
    free: list[NotebookNode] = []
    for cell in source_cells(path):
        if cell.cell_type == "code" and "task" in cell.metadata:
            next(each for each in notebook.cells if each.id == cell.metadata["task"]).source = cell.source
        elif cell.cell_type == "code":
            free.append(nbformat.v4.new_code_cell(cell.source, id=f"free-{len(free)}"))
    first = next(i for i, cell in enumerate(notebook.cells) if cell.metadata.nbgrader.solution)
    notebook.cells[first:first] = free
    return json.dumps(notebook).encode()
