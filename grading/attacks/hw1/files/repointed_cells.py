"""Change what the grading metadata says: points, locks, kinds, checksums, a schema of the future, negative and NaN."""

from itertools import cycle

from nbformat import NotebookNode

POINTS = cycle([1000, -1000, float("nan"), float("inf"), 10**400, "12", None, True, [12]])


def tamper(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        mark = cell.metadata.nbgrader
        mark.grade, mark.solution, mark.locked = not mark.grade, not mark.solution, not mark.locked
        mark |= {"points": next(POINTS), "schema_version": 99, "checksum": "0" * 32, "task": True}
        mark |= {"score": 100, "auto_score": 100, "manual_score": 100, "extra_credit": 100}
    return notebook
