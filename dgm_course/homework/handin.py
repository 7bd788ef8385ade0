"""Packing a hand-in: nothing is written unless the notebook can be read, is whole, and was run once."""

import getpass
import os
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode

from dgm_course.homework.course import Homework
from dgm_course.homework.fresh import FreshRun, grade_id, run_fresh

MAX_BYTES = 5 * 2**20
NOT_A_NOTEBOOK = (
    ValueError,
    AttributeError,
    KeyError,
    TypeError,
    RecursionError,
)  # what nbformat raises on other JSON


class HandinError(Exception):
    """What keeps a notebook from being handed in: one line that says what is wrong and what to do."""


@dataclass(frozen=True)
class Handin:
    """The packed file, and what the notebook did in a fresh kernel."""

    path: Path
    run: FreshRun


def read_notebook(path: Path, work: Homework) -> NotebookNode:
    """The notebook of homework `work` at `path`; `HandinError` says why it is none."""
    if not path.is_file():
        raise HandinError(f"there is no file {path}; name the notebook with --notebook PATH")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise HandinError(
            f"{path} has {size / 2**20:.1f} MB, more than {MAX_BYTES // 2**20}: clear all outputs, save, and try again"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", nbformat.warnings.MissingIDFieldWarning)
            notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
            nbformat.validate(notebook)
    except OSError as error:
        raise HandinError(f"cannot read {path} ({error.strerror}): look at its permissions") from error
    except (*NOT_A_NOTEBOOK, nbformat.ValidationError) as error:
        raise HandinError(
            f"{path} is not a whole notebook (was it cut short while it was saved?): open it, save it again"
        ) from error
    if not _grade_ids(notebook).keys() & {task.id for task in work.tasks}:
        raise HandinError(f"{path} is not the notebook of {work.id}: it has none of its task cells")
    return notebook


def check_cells(notebook: NotebookNode, work: Homework) -> None:
    """Every task has exactly one solution cell and one check cell, of code; `HandinError` names those that do not."""
    wanted = [name for task in work.tasks for name in (task.id, f"check-{task.id}")]
    present = _grade_ids(notebook)
    wrong = [f"{name} is missing" for name in wanted if not present[name]]
    wrong += [f"{name} is there {present[name]} times" for name in wanted if present[name] > 1]
    if wrong:
        raise HandinError(
            f"cells are not as they were released: {', '.join(wrong)}; "
            f"copy your code into a fresh {work.id}.ipynb and hand that in"
        )


def pack(
    notebook: Path,
    work: Homework,
    out: Path,
    *,
    name: str | None = None,
    on_cell: Callable[[int, int], None] = lambda done, total: None,
) -> Handin:
    """Look a notebook over, run it in a fresh kernel, and write `<name>-<homework>.zip` into the folder `out`.

    Code that fails, or is not written, is no obstacle: it costs its own points only. The file appears whole or not
    at all.

    Args:
        notebook: the notebook file, saved; it is packed byte for byte.
        work: the homework.
        out: an existing folder.
        name: the student, by default the login name; anything but letters, digits, `.`, `_` and `-` becomes `-`.
        on_cell: as in `run_fresh`.

    Raises:
        HandinError: the notebook cannot be handed in, or the folder cannot be written.
    """
    parsed = read_notebook(notebook, work)
    check_cells(parsed, work)
    content = notebook.read_bytes()
    student = re.sub(r"[^\w.-]+", "-", name or _login_name()).strip("-.") or "student"
    if not out.is_dir():
        raise HandinError(f"there is no folder {out}: make it first, or name another with --out")
    try:
        scratch = TemporaryDirectory(dir=out, prefix=".handin-")
    except OSError as error:
        raise HandinError(
            f"cannot write to {out} ({error.strerror}): name another folder with --out"
        ) from error
    with scratch as folder:
        run = run_fresh(parsed, work, work.tasks, on_cell=on_cell)
        half = Path(folder) / "handin.zip"
        with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(f"{work.id}.ipynb"), content, zipfile.ZIP_DEFLATED)
        path = out / f"{student}-{work.id}.zip"
        os.replace(half, path)
    return Handin(path, run)


def _login_name() -> str:
    """The user of this computer; a container may not know its user's name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # KeyError until Python 3.12
        raise HandinError("your login name cannot be found: say your name with --name") from None


def _grade_ids(notebook: NotebookNode) -> Counter[str]:
    """How often each released code cell occurs."""
    return Counter(grade_id(cell) for cell in notebook.cells if cell.cell_type == "code")
