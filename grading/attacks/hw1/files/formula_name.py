"""Hand in under a name that a spreadsheet would run as a formula."""

from nbformat import NotebookNode

NAME = '=HYPERLINK("https:,example.org","mallory").ipynb'


def tamper(notebook: NotebookNode) -> NotebookNode:
    return notebook
