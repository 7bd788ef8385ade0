"""Hand in twenty thousand cells that hold nothing, and a thousand that print."""

import json

from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> bytes:
    nothing: list[object] = [{}, [], None, {"cell_type": "code"}] * 5_000
    printing = [{"cell_type": "code", "source": ["print(1)"], "metadata": {}}] * 1000
    return json.dumps({"cells": nothing + printing + notebook.cells}).encode()
