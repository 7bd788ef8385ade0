"""Hand in every cell twice, the copies of the checks worth more, and one solution a hundred times."""

from copy import deepcopy

from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> NotebookNode:
    copies = deepcopy(notebook.cells)
    for cell in copies:
        if cell.metadata.nbgrader.grade:
            cell.metadata.nbgrader.points = 100
            cell.source = "100"
    made = next(cell for cell in notebook.cells if cell.id == "made")
    notebook.cells = copies[::-1] + notebook.cells + [made] * 100
    return notebook
