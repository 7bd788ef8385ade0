"""Give solution cells the names of other tasks, of no task, of the checks, and names that lead out of a folder."""

from nbformat import NotebookNode

NAMES = ("check-made", "../../gradebook", "", "made\0", "MADE", "histogram ", "__class__", "scoreboard", "1")


def tamper(notebook: NotebookNode) -> NotebookNode:
    solutions = [cell for cell in notebook.cells if cell.metadata.nbgrader.solution]
    for cell, name in zip(solutions, NAMES * 2, strict=False):
        cell.metadata.nbgrader.grade_id = name
    return notebook
