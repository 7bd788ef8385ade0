"""Write half characters, which no encoding can store, into sources, names and keys."""

import json

from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> bytes:
    for cell in notebook.cells:
        cell.metadata["\udc00"] = "\ud800"
        cell.metadata.nbgrader["\ud800"] = 1
        if cell.metadata.nbgrader.solution:
            cell.source = f'"""\ud800\udfff\udc80"""\nprint("\udcff")\n{cell.source}'
    return json.dumps(notebook, ensure_ascii=True).encode()
