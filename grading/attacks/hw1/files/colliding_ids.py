"""Add cells whose ids are those the rebuilding uses itself: `free-…`, `check-…`, `figure-…`, `given-…`, task names."""

from nbformat import NotebookNode, v4

IDS = (
    "free-at-start-1",
    "free-after-made-1",
    "check-free",
    "figure-free",
    "given-free",
    "check-",
    "text-00-1",
)


def tamper(notebook: NotebookNode) -> NotebookNode:
    tasks = [cell.id for cell in notebook.cells if cell.metadata.nbgrader.solution]
    made = []
    for name in (*IDS, *tasks):
        cell = v4.new_code_cell("print(100)\n100", id=name[:64])
        made += [
            cell,
            v4.new_code_cell("100", id=name, metadata={"nbgrader": {"grade_id": name, "solution": True}}),
        ]
    notebook.cells[:0] = made
    return notebook
