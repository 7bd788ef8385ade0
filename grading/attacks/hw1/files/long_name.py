"""Hand in under a name of few letters and many bytes, which a file system takes but not with anything after it."""

from nbformat import NotebookNode

NAME = "\U00020000" * 60 + ".ipynb"


def tamper(notebook: NotebookNode) -> NotebookNode:
    return notebook
