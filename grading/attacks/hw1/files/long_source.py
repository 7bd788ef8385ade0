"""Hand in a solution cell of twenty megabytes, and a line of a megabyte in a cell of one's own."""

from nbformat import NotebookNode, v4


def tamper(notebook: NotebookNode) -> NotebookNode:
    made = next(cell for cell in notebook.cells if cell.id == "made")
    made.source = "x = 0\n" * (20 * 2**20 // 6)
    notebook.cells.insert(2, v4.new_code_cell("y = " + "(" * 2**19 + ")" * 2**19, id="mine"))
    return notebook
