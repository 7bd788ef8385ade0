"""Write NUL and other control characters into sources, names and the file itself."""

from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        if cell.metadata.nbgrader.solution:
            cell.source = "\0" + cell.source.replace("\n", "\n\0\x0c\x1a\x1c\x85\u2028")
        cell.metadata["na\0me"] = "\0"
    return notebook
