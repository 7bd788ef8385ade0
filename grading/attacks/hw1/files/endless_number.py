"""Write one number of a hundred thousand digits, which Python refuses to read and others read for a long time."""

import nbformat
from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> bytes:
    return nbformat.writes(notebook).replace('"nbformat": 4', '"nbformat": ' + "9" * 100_000).encode()
