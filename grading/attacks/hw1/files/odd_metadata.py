"""Put lists where tables belong, numbers where texts belong, and nothing where everything belongs."""

import json

from nbformat import NotebookNode

ODD: tuple[object, ...] = (
    [],
    0,
    None,
    "made",
    {"grade_id": ["made"]},
    {"grade_id": {"made": 1}},
    {"grade_id": 5},
    True,
    1e308,
)


def tamper(notebook: NotebookNode) -> bytes:
    cells = [dict(cell) for cell in notebook.cells]
    for number, cell in enumerate(cells):
        odd = ODD[number % len(ODD)]
        cell |= {"metadata": {"nbgrader": odd}} if number % 2 else {"metadata": odd}
        cell |= {"source": odd, "id": odd} if number % 5 == 0 else {}
    return json.dumps({"cells": [*cells, *ODD], "metadata": 3, "nbformat": None}).encode()
