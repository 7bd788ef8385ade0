"""Demos as pages: a notebook each, and the server that shows them with code (JupyterLab) or without (Voilà).

Nothing is loaded from elsewhere: a lecture hall needs no network.
"""

import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import nbformat

from dgm_course.demos import DEMOS

View = Literal["lab", "voila"]
PATHS: dict[View, str] = {"lab": "/lab/tree/{}.ipynb", "voila": "/voila/render/{}.ipynb"}


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


@contextmanager
def serving(
    folder: Path, *options: str, env: Mapping[str, str] | None = None
) -> Iterator[Callable[[View, str], str]]:
    """A Jupyter server on the notebooks of a folder, for this machine only; gives the address of a demo's page."""
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", str(folder), "--no-browser", "--ip=127.0.0.1", "--port=0"]
    with subprocess.Popen(
        [*command, f"--IdentityProvider.token={token}", *options], env=env, stderr=subprocess.PIPE, text=True
    ) as server:
        said: list[str] = []
        drain = threading.Thread(
            target=lambda: said.extend(server.stderr or ())
        )  # a full pipe would stop the server
        try:
            for line in server.stderr or ():
                said.append(line)
                if address := re.search(r"http://127\.0\.0\.1:[1-9]\d*", line):
                    break
            else:
                raise RuntimeError("the Jupyter server did not start:\n" + "".join(said))
            drain.start()
            yield lambda view, name: f"{address[0]}{PATHS[view].format(name)}?reset&token={token}"
        finally:
            server.terminate()
            if drain.is_alive():
                drain.join()
