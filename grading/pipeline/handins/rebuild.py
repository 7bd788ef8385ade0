"""The notebook that is graded is rebuilt: the release, with the student's source put into it.

Only the *source* of solution cells (found by `grade_id`) and of the student's own code cells is taken from what
was handed in. Metadata, outputs, attachments, markdown and every locked cell are the release's. Any bytes are
accepted; whatever was odd about them becomes a plain sentence that holds no word of the student's.
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

MAX_FILE = 32 * 2**20  # parsed JSON takes up to twenty times its size in memory
MAX_SOURCE = 256 * 2**10  # of one solution cell, and of all free cells together
MAX_FREE_CELLS = 500
MAX_CELLS = 5000
FREE_LIMIT = (
    f"{{}} of your own cells beyond the first {MAX_FREE_CELLS} or {MAX_SOURCE // 2**10} KiB were left out."
)


@dataclass(frozen=True)
class Rebuilt:
    """The notebook to grade, and sentences on what in the hand-in was repaired or left out."""

    notebook: NotebookNode
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Submitted:
    """What one submitted cell claims: which released cell it is, its type, text, tags and points."""

    grade_id: str | None
    cell_id: str | None
    is_code: bool
    source: str
    tagged: bool
    points: float | None

    @property
    def size(self) -> int:
        """Bytes of the source on its way to a worker, where a letter may take twelve."""
        return len(json.dumps(self.source))


def rebuild(release: NotebookNode, content: bytes) -> Rebuilt:
    """Put the student's source into a copy of the release; any bytes give a notebook that can be graded."""
    rebuilding = _Rebuilding(release)
    cells, trouble = _read(content)
    if trouble:
        return Rebuilt(rebuilding.notebook(), (trouble,))
    claimed = {cell.grade_id for cell in cells}
    for cell in cells:
        name = cell.grade_id or rebuilding.by_cell_id.get(cell.cell_id or "", "")
        lost_but_claimed = cell.grade_id is None and name in claimed
        if name in rebuilding.known and not lost_but_claimed:
            rebuilding.take_known(cell, name)
        else:
            rebuilding.take_free(cell)
    rebuilding.look_for_missing()
    return Rebuilt(rebuilding.notebook(), rebuilding.notes())


class _Rebuilding:
    """The release, and what has been taken from the hand-in so far."""

    def __init__(self, release: NotebookNode) -> None:
        self.release = release
        self.known = {c.metadata.nbgrader.grade_id: c for c in release.cells if "nbgrader" in c.metadata}
        self.by_cell_id: dict[str, str] = {cell.id: name for name, cell in self.known.items()}
        self.seen: dict[str, Submitted] = {}
        self.free: dict[str | None, list[str]] = defaultdict(list)  # by the released cell they follow
        self.free_cells = self.free_size = 0
        self.odd: dict[str, list[str]] = defaultdict(list)

    def take_free(self, cell: Submitted) -> None:
        if not cell.is_code or not cell.source.strip():
            return
        self.free_cells += 1
        self.free_size += cell.size
        if self.free_cells > MAX_FREE_CELLS or self.free_size > MAX_SOURCE:
            self.odd[FREE_LIMIT].append("")
        else:
            self.free[next(reversed(self.seen), None)].append(cell.source)

    def take_known(self, cell: Submitted, name: str) -> None:
        if name in self.seen:
            self.odd["there twice; only the first copy counts"].append(name)
            return
        self.seen[name] = cell
        original = self.known[name]
        meta = original.metadata.nbgrader
        oddities = {
            "without grading metadata; the cell's id told what it is": cell.grade_id is None,
            "changed to another cell type, which was set back": cell.is_code
            != (original.cell_type == "code"),
            "tagged; the tags were dropped": cell.tagged,
            "changed to be worth other points, which was set back": cell.points
            not in (None, meta.get("points")),
            "locked but changed; the released text was used": not meta.solution
            and cell.source.strip() != original.source.strip(),
            f"longer than {MAX_SOURCE // 2**10} KiB, so it counts as not done": meta.solution
            and cell.size > MAX_SOURCE,
        }
        for what, is_so in oddities.items():
            if is_so:
                self.odd[what].append(name)

    def look_for_missing(self) -> None:
        for name, cell in self.known.items():
            if name not in self.seen:
                solution = cell.metadata.nbgrader.solution
                self.odd[
                    f"missing{', so it counts as not done' if solution else '; it was put back'}"
                ].append(name)
        if list(self.seen) != [name for name in self.known if name in self.seen]:
            self.odd["The cells were in another order; the released order was used."].append("")

    def notes(self) -> tuple[str, ...]:
        return tuple(_sentence(what, names) for what, names in self.odd.items())

    def notebook(self) -> NotebookNode:
        """A copy of the release with the student's solutions, and free cells after the cell that they followed."""
        notebook = deepcopy(self.release)
        cells = self._free_after(None)
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
            if name in self.seen and cell.metadata.nbgrader.solution and self.seen[name].size <= MAX_SOURCE:
                cell.source = self.seen[name].source
            cells += [cell, *(self._free_after(name) if name else [])]
        notebook.cells = cells
        return notebook

    def _free_after(self, name: str | None) -> list[NotebookNode]:
        sources = self.free.get(name, [])
        prefix = f"free-after-{name}" if name else "free-at-start"
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        for number, cell in enumerate(cells, 1):
            cell.id = f"{prefix}-{number}"
        return cells


def _sentence(what: str, names: list[str]) -> str:
    if not names[0]:
        return what.format(len(names))
    names = list(dict.fromkeys(names))
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return f"{'Cells were' if len(names) > 1 else 'A cell was'} {what}: {shown}."


def _read(content: bytes) -> tuple[list[Submitted], str]:
    """The cells of a notebook file of any format version, or a sentence on why there are none."""
    if not content.strip():
        return [], "The file is empty."
    if len(content) > MAX_FILE:
        return (
            [],
            f"The file has more than {MAX_FILE // 2**20} MiB and was not read: clear the outputs and save.",
        )
    try:
        data = json.loads(content)
    except (ValueError, RecursionError, MemoryError):
        return (
            [],
            "The file is not a notebook that can be read; it may have been cut short while it was saved.",
        )
    entries = list(itertools.islice(_entries(data), MAX_CELLS + 1))
    if len(entries) > MAX_CELLS:
        return (
            [],
            f"The file holds more than {MAX_CELLS} cells and was not read: delete those that you do not need.",
        )
    cells = [_cell(entry) for entry in entries if isinstance(entry, dict)]
    return cells, "" if cells else "The file holds no notebook cells."


def _entries(data: Any) -> Iterator[Any]:
    """Raw cells: below `cells` since format 4, below `worksheets` before it."""
    sheets = data.get("worksheets") if isinstance(data, dict) else None
    for holder in [data, *(sheets if isinstance(sheets, list) else [])]:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        yield from cells if isinstance(cells, list) else []


def _cell(entry: dict[str, Any]) -> Submitted:
    metadata = _dict(entry.get("metadata"))
    nbgrader = _dict(metadata.get("nbgrader"))
    points = nbgrader.get("points")
    return Submitted(
        grade_id=_text(nbgrader.get("grade_id")),
        cell_id=_text(entry.get("id")),
        is_code=entry.get("cell_type") == "code",
        source=_source(entry.get("source", entry.get("input"))),
        tagged=bool(metadata.get("tags")),
        points=points if isinstance(points, int | float) else None,
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _source(value: Any) -> str:
    """Source text as one string that can be written as UTF-8: half a surrogate pair becomes a question mark."""
    lines = value if isinstance(value, list) else [value]
    text = "".join(line for line in lines if isinstance(line, str))
    return text.encode("utf-8", "replace").decode()
