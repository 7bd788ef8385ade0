"""Nest just as deep as the parser allows, so that only what copies, compares or prints the cells recurses too far."""

import json

from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> bytes:
    deep = "[" * 900 + "]" * 900
    cell = '{"cell_type": "code", "id": "made", "metadata": {"nbgrader": %s, "tags": %s}, "source": %s}'
    cells = ", ".join([cell % (deep, deep, deep), json.dumps(notebook.cells[0])])
    return f'{{"cells": [{cells}], "metadata": {deep}, "nbformat": 4, "nbformat_minor": 5}}'.encode()
