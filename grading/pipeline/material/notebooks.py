"""Notebooks are built from text: `solutions/<homework>/NN_<task>.py`, one file a task, in percent format.

The marker line of a cell says what the cell is; this module turns that into nbgrader's metadata:

    # %% [markdown]            teaching text, locked
    # %% given="NAME"          code that the homework gives away, locked, run when grading
    # %% task="made"           the solution cell of a task
    # %% check="made"          the locked cell that carries the task's points
    # %% figure="made"         a picture of what was built, locked, never run when grading

`python -m grading.pipeline.material.notebooks` builds the notebooks below `homeworks/`; `--check` only compares.
"""

import sys
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from dgm_course.homework.course import HOMEWORKS, Homework, Task, homework
from grading.pipeline.course.drafts import write_atomically

ROOT = Path(__file__).parents[3]
SOLUTIONS = ROOT / "solutions"
RELEASES = ROOT / "homeworks"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
ROLES = ("given", "task", "check", "figure")


def source_cells(path: Path) -> list[NotebookNode]:
    """The cells of one percent-format text file, each with its marker's metadata."""
    return jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent").cells


def instructor_notebook(work: Homework) -> NotebookNode:
    """The whole homework with its solutions and nbgrader metadata, built from the text sources.

    Raises `ValueError` naming the file when a cell's marker is not one of the five or a task does not exist.
    """
    cells: list[NotebookNode] = []
    for path in sorted((SOLUTIONS / work.folder).glob("*.py")):
        counts: dict[str, int] = {}
        for cell in source_cells(path):
            grade_id, flags = _identify(cell, path, work, counts)
            built = (
                nbformat.v4.new_markdown_cell(cell.source)
                if cell.cell_type == "markdown"
                else nbformat.v4.new_code_cell(cell.source)
            )
            built.id = grade_id
            built.metadata = NotebookNode(nbgrader=NotebookNode(schema_version=3, grade_id=grade_id, **flags))
            cells.append(built)
    ids = [cell.id for cell in cells]
    if repeated := {name for name in ids if ids.count(name) > 1}:
        raise ValueError(f"{work.folder}: these cells exist twice: {', '.join(sorted(repeated))}")
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _identify(
    cell: NotebookNode, path: Path, work: Homework, counts: dict[str, int]
) -> tuple[str, dict[str, object]]:
    """The grade id and nbgrader flags that a cell's marker asks for."""
    flags: dict[str, object] = {"grade": False, "solution": False, "locked": True, "task": False}
    role = next((role for role in ROLES if role in cell.metadata), None)
    if cell.cell_type == "markdown":
        role, name = "text", path.stem[:2]
    elif role is None:
        raise ValueError(f"{path.name}: a code cell needs one of {', '.join(ROLES)} on its `# %%` line")
    else:
        name = cell.metadata[role]
    if role in ("task", "check", "figure") and name not in {task.id for task in work.tasks} | {"scoreboard"}:
        raise ValueError(f"{path.name}: {work.id} has no task {name!r}")
    if role == "task":
        return name, flags | {"solution": True, "locked": False}
    if role == "check":
        return f"check-{name}", flags | {"grade": True, "points": work.task(name).points}
    grade_id = f"{role}-{name}"
    if role in ("text", "figure"):
        counts[grade_id] = counts.get(grade_id, 0) + 1
        grade_id += f"-{counts[grade_id]}"
    return grade_id, flags


def skeleton(source: str, task: Task) -> str:
    """A solution cell's source with each solution region replaced by a `NotImplementedError` naming the task."""
    lines, inside = [], False
    for line in source.split("\n"):
        if BEGIN in line:
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(f'{indent}raise NotImplementedError("Task {task.number} · {task.id}")')
            inside = True
        elif END in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def student_notebook(work: Homework) -> NotebookNode:
    """The release that students open: skeletons for solutions, locked cells, nbgrader's checksums."""
    from nbgrader.preprocessors import ComputeChecksums, LockCells

    notebook = instructor_notebook(work)
    for cell in notebook.cells:
        if cell.metadata.nbgrader.solution:
            cell.source = skeleton(cell.source, work.task(cell.metadata.nbgrader.grade_id))
    for preprocessor in (LockCells(), ComputeChecksums()):
        notebook, _ = preprocessor.preprocess(notebook, {})
    return notebook


def release_path(work: Homework) -> Path:
    """Where the built student notebook of a homework is committed."""
    return RELEASES / work.folder / f"{work.id}.ipynb"


def release_notebook(work: Homework) -> NotebookNode:
    """The committed student notebook, which every rebuild of a hand-in starts from."""
    return nbformat.read(release_path(work), as_version=4)


def reference_cells(work: Homework) -> dict[str, str]:
    """The source of each task's solution cell, by task id."""
    solved = (cell for cell in instructor_notebook(work).cells if cell.metadata.nbgrader.solution)
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in solved}


def main(arguments: list[str]) -> int:
    """Build every student notebook, or with `--check` say which is stale; the exit status is the number stale."""
    stale = 0
    for name in HOMEWORKS:
        work = homework(name)
        path, text = release_path(work), nbformat.writes(student_notebook(work)) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)} is not what its source builds: run `make notebooks`")
        else:
            write_atomically(path, text.encode())
            print(f"built {path.relative_to(ROOT)}")
    return stale if "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
