"""Nest lists and tables a hundred thousand deep in metadata, where a parser that recurses ends."""

import nbformat
from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> bytes:
    text = nbformat.writes(notebook)
    return text.replace(
        '"metadata": {', '"metadata": {"deep": ' + "[" * 100_000 + "]" * 100_000 + ",", 1
    ).encode()
