"""Hand in under a name that is hidden, climbs, ends in dots and is an option to a command line."""

from nbformat import NotebookNode

NAME = "--course=..-..-.ipynb"


def tamper(notebook: NotebookNode) -> NotebookNode:
    return notebook
