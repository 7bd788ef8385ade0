"""Write grade ids, sources and texts with bidirectional marks, terminal codes and look-alike letters."""

from nbformat import NotebookNode

TROJAN = "def fit_histogram(*args): return 0 # \u202e } \u2066 if checked \u2069 \u2066 full marks\n"


def tamper(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        cell.source = f"# \u202e001/001\u202c \x1b[2J\x1b]0;100\x07 \u200f\ufeff\u00ad\n{cell.source}"
        if cell.metadata.nbgrader.solution:
            cell.source = TROJAN
            cell.metadata.nbgrader.grade_id = cell.id.replace("a", "\u0430") + "\u202e"
    return notebook
