"""Whatever is handed in, the graded notebook is the release with the student's source in it."""

import json
from copy import deepcopy
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode

from grading.pipeline.handins.rebuild import MAX_FREE_CELLS, MAX_SOURCE, rebuild


def _cell(grade_id: str, source: str, kind: str = "code", **flags: object) -> NotebookNode:
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    meta = {
        "grade_id": grade_id,
        "schema_version": 3,
        "grade": False,
        "solution": False,
        "locked": True,
        "task": False,
    }
    cell = make(source, metadata={"nbgrader": meta | flags})
    cell.id = grade_id
    return cell


def _release() -> NotebookNode:
    return nbformat.v4.new_notebook(
        cells=[
            _cell("text-00-1", "# Homework", "markdown"),
            _cell("given-imports", "import math"),
            _cell("count", "raise NotImplementedError", solution=True, locked=False),
            _cell("check-count", 'check("count")', grade=True, points=4),
            _cell("sum", "raise NotImplementedError", solution=True, locked=False),
            _cell("check-sum", 'check("sum")', grade=True, points=6),
        ]
    )


RELEASE = _release()


def _handed_in() -> NotebookNode:
    notebook = deepcopy(RELEASE)
    notebook.cells[2].source = "def count(): return 1"
    notebook.cells[4].source = "def total(): return 2"
    return notebook


def _bytes(notebook: Any) -> bytes:
    return json.dumps(notebook).encode()


def _source(notebook: NotebookNode, cell_id: str) -> str:
    return next(cell.source for cell in notebook.cells if cell.id == cell_id)


def _ids(notebook: NotebookNode) -> list[str]:
    return [cell.id for cell in notebook.cells]


def test_an_honest_hand_in_is_taken_over_without_a_note() -> None:
    rebuilt = rebuild(RELEASE, _bytes(_handed_in()))
    assert rebuilt.notebook == _handed_in()
    assert rebuilt.notes == ()


def test_rebuilding_twice_changes_nothing() -> None:
    handed_in = _handed_in()
    handed_in.cells.insert(3, nbformat.v4.new_code_cell("helper = 1"))
    once = rebuild(RELEASE, _bytes(handed_in)).notebook
    assert rebuild(RELEASE, _bytes(once)).notebook == once


def test_only_source_is_taken() -> None:
    handed_in = _handed_in()
    handed_in.metadata.kernelspec = {"name": "evil", "display_name": "evil"}
    cell = handed_in.cells[2]
    cell.outputs = [nbformat.v4.new_output("stream", text="100/100")]
    cell.execution_count = 7
    cell.metadata.tags = ["skip-execution"]
    cell.metadata.collapsed = True
    rebuilt = rebuild(RELEASE, _bytes(handed_in))
    assert rebuilt.notebook == _handed_in()
    assert rebuilt.notes == ("A cell was tagged; the tags were dropped: count.",)


def test_free_cells_keep_their_place() -> None:
    handed_in = _handed_in()
    handed_in.cells.insert(5, nbformat.v4.new_code_cell("late"))
    handed_in.cells.insert(2, nbformat.v4.new_code_cell("second"))
    handed_in.cells.insert(2, _cell("my-own-id", "first"))
    handed_in.cells.insert(2, nbformat.v4.new_markdown_cell("<script>"))
    handed_in.cells.insert(0, nbformat.v4.new_code_cell("start"))
    rebuilt = rebuild(RELEASE, _bytes(handed_in))
    extra = [(cell.id, cell.source) for cell in rebuilt.notebook.cells if cell.id.startswith("free")]
    assert extra == [
        ("free-at-start-1", "start"),
        ("free-after-given-imports-1", "first"),
        ("free-after-given-imports-2", "second"),
        ("free-after-sum-1", "late"),
    ]
    assert all(cell.metadata == {} for cell in rebuilt.notebook.cells if cell.id.startswith("free"))
    assert rebuilt.notes == ()
    nbformat.validate(rebuilt.notebook)


def test_of_two_copies_the_first_counts() -> None:
    handed_in = _handed_in()
    handed_in.cells.append(_cell("count", "def count(): return 'other'", solution=True, locked=False))
    rebuilt = rebuild(RELEASE, _bytes(handed_in))
    assert _source(rebuilt.notebook, "count") == "def count(): return 1"
    assert rebuilt.notes == ("A cell was there twice; only the first copy counts: count.",)


def test_deleted_cells_come_back() -> None:
    handed_in = _handed_in()
    del handed_in.cells[2:4]
    rebuilt = rebuild(RELEASE, _bytes(handed_in))
    assert _ids(rebuilt.notebook) == _ids(RELEASE)
    assert _source(rebuilt.notebook, "count") == "raise NotImplementedError"
    assert rebuilt.notes == (
        "A cell was missing, so it counts as not done: count.",
        "A cell was missing; it was put back: check-count.",
    )


def test_locked_cells_are_the_releases() -> None:
    handed_in = _handed_in()
    handed_in.cells[1].source = "import os"
    handed_in.cells[3].source = "100"
    rebuilt = rebuild(RELEASE, _bytes(handed_in))
    assert rebuilt.notebook == _handed_in()
    assert rebuilt.notes == (
        "Cells were locked but changed; the released text was used: given-imports, check-count.",
    )


def test_retyped_renamed_and_repointed_cells_are_noted() -> None:
    handed_in = _handed_in()
    handed_in.cells[2].cell_type = "markdown"
    handed_in.cells[3].metadata.nbgrader.points = 1000
    handed_in.cells[4].metadata.nbgrader.grade_id = "something-else"
    rebuilt = rebuild(RELEASE, _bytes(handed_in))
    assert rebuilt.notebook.cells[2].cell_type == "code"
    assert _source(rebuilt.notebook, "free-after-check-count-1") == "def total(): return 2"
    assert rebuilt.notes == (
        "A cell was changed to another cell type, which was set back: count.",
        "A cell was changed to be worth other points, which was set back: check-count.",
        "A cell was missing, so it counts as not done: sum.",
    )


def test_a_cell_that_lost_its_metadata_is_known_by_its_id() -> None:
    handed_in = _handed_in()
    handed_in.cells[2].metadata = {}
    rebuilt = rebuild(RELEASE, _bytes(handed_in))
    assert rebuilt.notebook == _handed_in()
    assert rebuilt.notes == ("A cell was without grading metadata; the cell's id told what it is: count.",)


def test_reordered_cells_go_back_to_their_order() -> None:
    handed_in = _handed_in()
    handed_in.cells.reverse()
    rebuilt = rebuild(RELEASE, _bytes(handed_in))
    assert rebuilt.notebook == _handed_in()
    assert rebuilt.notes == ("The cells were in another order; the released order was used.",)


def test_format_three_is_read() -> None:
    cells = [
        {
            "cell_type": c.cell_type,
            "input" if c.cell_type == "code" else "source": c.source,
            "metadata": c.metadata,
        }
        for c in _handed_in().cells
    ]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    assert rebuild(RELEASE, _bytes(old)).notebook == _handed_in()


def test_floods_are_cut_off() -> None:
    handed_in = _handed_in()
    handed_in.cells[2].source = "#" * (MAX_SOURCE + 1)
    handed_in.cells += [nbformat.v4.new_code_cell("x = 1") for _ in range(MAX_FREE_CELLS + 2)]
    rebuilt = rebuild(RELEASE, _bytes(handed_in))
    assert _source(rebuilt.notebook, "count") == "raise NotImplementedError"
    assert len(rebuilt.notebook.cells) == len(RELEASE.cells) + MAX_FREE_CELLS
    assert rebuilt.notes == (
        "A cell was longer than 256 KiB, so it counts as not done: count.",
        "2 of your own cells beyond the first 500 or 256 KiB were left out.",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (_bytes(_handed_in())[:-40], "cut short"),
        (b"\xff\xfe\x00", "cut short"),
        (b"PK\x03\x04", "cut short"),
        (b"[" * 1_000_000, "cut short"),
        (b"9" * 100_000, "cut short"),
        (b" " * (50 * 2**20) + b"{}", "more than 32 MiB"),
        (b"{}", "no notebook cells"),
        (b"null", "no notebook cells"),
        (b'{"cells": [1, null, [], "x"]}', "no notebook cells"),
        (b'{"worksheets": [[], {"cells": {}}, 3]}', "no notebook cells"),
    ],
)
def test_files_that_are_no_notebook_count_as_blank_and_say_why(content: bytes, words: str) -> None:
    rebuilt = rebuild(RELEASE, content)
    assert rebuilt.notebook == RELEASE
    assert len(rebuilt.notes) == 1
    assert words in rebuilt.notes[0]


def _holds(content: bytes) -> None:
    """What is true of every rebuilt notebook."""
    rebuilt = rebuild(RELEASE, content)
    nbformat.validate(json.loads(nbformat.writes(rebuilt.notebook).encode()))
    kept = [cell for cell in rebuilt.notebook.cells if not cell.id.startswith("free-")]
    for cell, released in zip(kept, RELEASE.cells, strict=True):
        changed = {key for key in cell if cell[key] != released[key]}
        assert changed <= ({"source"} if released.metadata.nbgrader.solution else set())
    assert all(isinstance(note, str) and len(note) < 200 for note in rebuilt.notes)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(["count", "sum", "check-sum", "given-imports", "free-at-start-1"]) | json_values
odd_cells = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw"]) | json_values,
        "id": names,
        "source": json_values | st.lists(st.text()),
        "input": json_values,
        "outputs": json_values,
        "attachments": json_values,
        "metadata": json_values
        | st.fixed_dictionaries(
            {"nbgrader": json_values | st.fixed_dictionaries({"grade_id": names, "points": json_values})}
        ),
    },
)
bounded = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@bounded
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    _holds(content)


@bounded
@given(json_values)
def test_any_json(value: Any) -> None:
    _holds(_bytes(value))


@bounded
@given(st.lists(odd_cells | json_values, max_size=8), st.sampled_from(["cells", "worksheets"]))
def test_any_cells(cells: list[Any], key: str) -> None:
    _holds(_bytes({key: cells if key == "cells" else [{"cells": cells}, *cells]}))


@bounded
@given(st.data())
def test_any_mutation_of_an_honest_hand_in(data: st.DataObject) -> None:
    handed_in: Any = json.loads(_bytes(_handed_in()))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(handed_in["cells"]) - 1))
        cell = handed_in["cells"][at]
        key = data.draw(st.sampled_from(sorted(cell)))
        place = cell
        if key == "metadata" and isinstance(cell[key], dict) and isinstance(cell[key].get("nbgrader"), dict):
            place = cell["metadata"]["nbgrader"]
            key = data.draw(st.sampled_from(sorted(place)))
        place[key] = data.draw(json_values)
    _holds(_bytes(handed_in))


@bounded
@given(st.integers(0, 3000))
def test_any_truncation(length: int) -> None:
    _holds(_bytes(_handed_in())[:length])
