"""Attach files to cells: pictures that are pages, names that lead out of the folder, a megabyte of base64."""

from nbformat import NotebookNode

FILES = {
    "../../../gradebook.db": {"application/octet-stream": "U1FMaXRl"},
    "conftest.py": {"text/x-python": "collect_ignore_glob = ['*']"},
    "a.svg": {"image/svg+xml": "<svg onload=alert(1)>"},
    "big.png": {"image/png": "A" * 2**20},
}


def tamper(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells[:3]:
        cell.attachments = FILES
        cell.source = "![a](attachment:a.svg) ![b](attachment:../../../gradebook.db)"
    return notebook
