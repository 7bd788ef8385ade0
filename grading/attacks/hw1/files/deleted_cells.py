"""Delete what could go wrong: every check, every given cell, and all solutions but one."""

from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> NotebookNode:
    notebook.cells = [cell for cell in notebook.cells if cell.id in ("made", "histogram")][:1]
    return notebook
