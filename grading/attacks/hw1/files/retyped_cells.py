"""Turn solution cells into Markdown and raw text, texts into code, and one cell into no type at all."""

from nbformat import NotebookNode

TYPES = {"code": "markdown", "markdown": "code", "raw": "code"}


def tamper(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        cell.cell_type = TYPES[cell.cell_type]
        if cell.cell_type == "code":
            cell.source = "import os\nos._exit(0)"
    notebook.cells[3].cell_type = "heading"
    notebook.cells[4].cell_type = ["code"]
    return notebook
