"""Hand in another notebook, whose cells raise, print and carry no grading metadata."""

from nbformat import NotebookNode, v4


def tamper(notebook: NotebookNode) -> NotebookNode:
    cells = [
        v4.new_code_cell(source)
        for source in ("import os", "1 / 0", "print('graded 100/100')", "get_ipython()")
    ]
    return v4.new_notebook(cells=[v4.new_markdown_cell("# Another course"), *cells])
