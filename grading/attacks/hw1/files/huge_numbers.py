"""Write numbers that do not fit: a thousand digits for a format version, NaN for a schema, -1e999 for points."""

import json

from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> bytes:
    for cell in notebook.cells:
        cell.execution_count = 10**1000
        cell.metadata.nbgrader.schema_version = float("nan")
        cell.metadata.nbgrader.points = "POINTS"
    notebook.nbformat, notebook.nbformat_minor = 10**1000, -1
    return json.dumps(notebook).replace('"POINTS"', "-1e999").encode()
