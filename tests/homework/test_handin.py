"""A hand-in is read, counted and run; then it is written whole, or not at all."""

import json
import zipfile
from pathlib import Path

import nbformat
import pytest

from dgm_course.homework import handin
from dgm_course.homework.course import homework
from dgm_course.homework.fresh import FreshRun, run_fresh
from dgm_course.homework.handin import HandinError, check_cells, pack, read_notebook

HW1 = homework("hw1")


def test_a_notebook_is_read(saved):
    check_cells(read_notebook(saved, HW1), HW1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"cells": [{"cell_type": "co',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        b"not json",
    ],
)
def test_what_is_no_notebook_is_told_in_one_line(tmp_path, content):
    path = tmp_path / "hw1.ipynb"
    path.write_bytes(content)
    with pytest.raises(HandinError, match="not a whole notebook") as raised:
        read_notebook(path, HW1)
    assert "\n" not in str(raised.value)


def test_a_truncated_save_is_told(saved):
    saved.write_bytes(saved.read_bytes()[:-20])
    with pytest.raises(HandinError, match="cut short"):
        read_notebook(saved, HW1)


def test_a_missing_file_a_folder_a_large_file_and_another_notebook(tmp_path):
    with pytest.raises(HandinError, match="there is no file"):
        read_notebook(tmp_path / "hw1.ipynb", HW1)
    with pytest.raises(HandinError, match="there is no file"):
        read_notebook(tmp_path, HW1)
    large = tmp_path / "large.ipynb"
    large.write_bytes(b" " * (5 * 2**20 + 1))
    with pytest.raises(HandinError, match="clear all outputs"):
        read_notebook(large, HW1)
    other = tmp_path / "other.ipynb"
    cell = nbformat.v4.new_code_cell("1", metadata={"nbgrader": 3})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), other)
    with pytest.raises(HandinError, match="not the notebook of hw1"):
        read_notebook(other, HW1)


def test_a_file_that_cannot_be_read_is_told(saved, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", denied)
    with pytest.raises(HandinError, match=r"cannot read .* \(Permission denied\)"):
        read_notebook(saved, HW1)


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_computer_that_does_not_know_its_user_asks_for_a_name(saved, tmp_path, monkeypatch, error):
    def nameless():
        raise error("uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    with pytest.raises(HandinError, match="say your name with --name"):
        pack(saved, HW1, tmp_path)


def test_cells_that_are_missing_or_there_twice_are_named(notebook):
    kept = [cell for cell in notebook.cells if cell.metadata.nbgrader.grade_id != "check-made"]
    notebook.cells = [*kept, notebook.cells[1]]
    with pytest.raises(
        HandinError, match=r"check-made is missing, histogram is there 2 times; copy your code"
    ):
        check_cells(notebook, HW1)


def test_a_fresh_kernel_runs_given_free_and_solution_cells_and_asks_the_checks(notebook, capfd):
    notebook.cells.insert(
        1, nbformat.v4.new_code_cell("helper = 3\nprint(helper)", metadata={"tags": ["skip-execution"]})
    )
    notebook.cells.insert(
        2, nbformat.v4.new_code_cell("import os\nassert helper == 3\nassert os.listdir() == []\n1 / 0")
    )
    seen = []
    run = run_fresh(
        notebook, HW1, [HW1.task("histogram")], on_cell=lambda done, total: seen.append((done, total))
    )
    (report,) = run.reports
    assert report.task.id == "histogram"
    assert [outcome.status for outcome in report.outcomes] == ["passed", "passed", "passed", "waiting"]
    assert report.outcomes[3].note == "`fit_softmax_histogram` is not written yet"
    assert run.faults == ("cell 3 (your own) stops with ZeroDivisionError: division by zero",)
    assert seen == [(i, 5) for i in range(5)]
    assert "WARNING" not in capfd.readouterr().err


def test_a_kernel_that_dies_is_a_fault_and_not_a_crash(notebook):
    notebook.cells[1].source = "import os\nos._exit(1)"
    run = run_fresh(notebook, HW1, [HW1.task("histogram")])
    assert run.reports == ()
    assert "cell 2 (histogram) ends the whole Python process" in run.faults[0]


@pytest.fixture
def quick(monkeypatch):
    """A run that takes no kernel."""
    monkeypatch.setattr(handin, "run_fresh", lambda *args, **kwargs: FreshRun((), ()))


def test_the_packed_file_holds_the_notebook_byte_for_byte(saved, tmp_path, quick):
    out = tmp_path / "out"
    out.mkdir()
    packed = pack(saved, HW1, out, name="Zoë O'Neil/../x")
    assert packed.path == out / "Zoë-O-Neil-..-x-hw1.zip"
    with zipfile.ZipFile(packed.path) as archive:
        assert archive.namelist() == ["hw1.ipynb"]
        assert archive.read("hw1.ipynb") == saved.read_bytes()
    assert list(out.iterdir()) == [packed.path]
    first = packed.path.read_bytes()
    assert pack(saved, HW1, out, name="Zoë O'Neil/../x").path.read_bytes() == first


def test_nothing_is_left_of_a_hand_in_that_is_interrupted(saved, tmp_path, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(handin, "run_fresh", interrupted)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(KeyboardInterrupt):
        pack(saved, HW1, out)
    assert list(out.iterdir()) == []


def test_an_earlier_hand_in_survives_a_failed_one(saved, tmp_path, quick):
    before = pack(saved, HW1, tmp_path, name="a").path.read_bytes()
    data = json.loads(saved.read_text(encoding="utf-8"))
    data["cells"].pop()
    data["cells"].pop()
    saved.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(HandinError, match="check-conditional is missing"):
        pack(saved, HW1, tmp_path, name="a")
    assert (tmp_path / "a-hw1.zip").read_bytes() == before


def test_a_folder_that_is_none_or_cannot_be_written(saved, tmp_path, quick, monkeypatch):
    with pytest.raises(HandinError, match="there is no folder"):
        pack(saved, HW1, tmp_path / "nowhere")
    with pytest.raises(HandinError, match="there is no folder"):
        pack(saved, HW1, saved)

    def refused(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(handin, "TemporaryDirectory", refused)
    with pytest.raises(HandinError, match=r"cannot write to .* \(Permission denied\)"):
        pack(saved, HW1, tmp_path)
