"""Encode the file as UTF-16 with a byte-order mark, and say in the middle of it that it is Latin."""

import nbformat
from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> bytes:
    return nbformat.writes(notebook).replace("made", "m\u00e4de").encode("utf-16")
