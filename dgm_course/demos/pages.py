"""Demos as pages: a notebook each, and the server that shows them with code (JupyterLab) or without (Voilà)."""

import os
import re
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import nbformat

from dgm_course import jupyter
from dgm_course.demos import DEMOS, Demo

View = Literal["lab", "voila"]
PATHS: dict[View, str] = {"lab": "/lab/tree/{}.ipynb", "voila": "/voila/render/{}.ipynb"}
PATIENCE = 10.0  # seconds that a server has to end


def source(demo: type[Demo]) -> str:
    """The cell that shows a demo.

    Example:
        >>> print(source(DEMOS["made_masks"]))
        from dgm_course.demos import MadeMasks
        <BLANKLINE>
        MadeMasks()
    """
    return f"from dgm_course.demos import {demo.__name__}\n\n{demo.__name__}()"


def write_notebook(path: Path, *sources: str) -> None:
    """A notebook with these cells; an error in one of them is shown, and does not keep the others from running."""
    notebook = nbformat.v4.new_notebook()
    for i, each in enumerate(sources):
        cell = nbformat.v4.new_code_cell(each, id=f"cell-{i}", metadata={"tags": ["raises-exception"]})
        notebook.cells.append(cell)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


def write_notebooks(folder: Path) -> None:
    """One notebook a demo, named like its file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_notebooks(Path(folder))
        ...     print(Path(folder, "made_masks.ipynb").exists())
        True
    """
    for name, demo in DEMOS.items():
        write_notebook(folder / f"{name}.ipynb", source(demo))


@contextmanager
def serving(
    folder: Path, *options: str, env: Mapping[str, str] | None = None
) -> Iterator[Callable[[View, str], str]]:
    """A Jupyter server on the notebooks of a folder, for this machine only; gives the address of a notebook's page."""
    token = secrets.token_hex(16)
    command = jupyter.command(
        folder, "--no-browser", "--ip=127.0.0.1", "--port=0", f"--IdentityProvider.token={token}", *options
    )
    with subprocess.Popen(
        command,
        env=jupyter.environment(os.environ if env is None else env),
        stderr=subprocess.PIPE,
        text=True,
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
            try:
                server.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:  # it may wait for a page that is still being made, without end
                server.kill()
            if drain.is_alive():
                drain.join()
