"""Hand in under a name that shows as another student's: bidirectional marks, look-alikes, a tag of a terminal."""

from nbformat import NotebookNode

NAME = "\u202eecila\u202c[bold]\x1b[2J.ipynb"


def tamper(notebook: NotebookNode) -> NotebookNode:
    return notebook
