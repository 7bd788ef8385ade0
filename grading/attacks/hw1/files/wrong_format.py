"""Claim to be a notebook of the year 2012, with worksheets, `input` for `source` and a version from the future."""

import json

from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> bytes:
    cells = [
        {**cell, "input": cell.source, "prompt_number": -1, "language": "bash"} for cell in notebook.cells
    ]
    sheet = {"cells": [{name: value for name, value in cell.items() if name != "source"} for cell in cells]}
    return json.dumps(
        {"nbformat": 99, "nbformat_minor": "x", "worksheets": [sheet, None, 3], "cells": "none"}
    ).encode()
