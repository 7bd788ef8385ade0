"""Write sources that a parser cannot bear: deep brackets, endless sums, a coding that is none, unfinished strings."""

from nbformat import NotebookNode

BOMBS = {
    "histogram": "(" * 5000 + ")" * 5000,
    "markov": "x = " + "-" * 50_000 + "1",
    "made": "# -*- coding: rot13 -*-\nvzcbeg bf",
    "attention": 'f"{' * 200,
    "wavenet": "a" + ".b" * 20_000,
    "char-rnn": "try:\n" + "".join(" " * depth + "if 1:\n" for depth in range(1, 120)),
}


def tamper(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        cell.source = BOMBS.get(cell.id, cell.source)
    return notebook
