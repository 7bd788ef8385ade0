"""Fill a solution cell to the permitted number of letters, with letters that are twelve times as long on the wire."""

from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> NotebookNode:
    histogram = next(cell for cell in notebook.cells if cell.id == "histogram")
    histogram.source = "# " + "\U0001f600" * (256 * 2**10 - 2)
    return notebook
