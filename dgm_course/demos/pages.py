"""Demos as pages: a notebook each, and the server that shows them with code (JupyterLab) or without (Voilà).

Nothing is loaded from elsewhere: a lecture hall needs no network.
"""

import sys
from pathlib import Path
from typing import Literal

import nbformat

from dgm_course.demos import DEMOS

PATHS = {"lab": "/lab/tree/{}.ipynb", "voila": "/voila/render/{}.ipynb"}


def write_notebooks(folder: Path) -> None:
    """One notebook a demo, named like its file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_notebooks(Path(folder))
        ...     print(nbformat.read(Path(folder, "made_masks.ipynb"), as_version=4).cells[0].source)
        from dgm_course.demos import MadeMasks
        <BLANKLINE>
        MadeMasks()
    """
    for name, demo in DEMOS.items():
        source = f"from dgm_course.demos import {demo.__name__}\n\n{demo.__name__}()"
        cell = nbformat.v4.new_code_cell(source, id="demo")
        notebook = nbformat.v4.new_notebook(cells=[cell])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(notebook, folder / f"{name}.ipynb")


def server(folder: Path, name: str, view: Literal["lab", "voila"]) -> list[str]:
    """The command that serves the notebooks of a folder and opens one of them.

    Example:
        >>> server(Path("demos"), "made_masks", "voila")[1:]
        ['-m', 'jupyterlab', 'demos', '--LabApp.default_url=/voila/render/made_masks.ipynb']
    """
    page = PATHS[view].format(name)
    return [sys.executable, "-m", "jupyterlab", str(folder), f"--LabApp.default_url={page}"]
