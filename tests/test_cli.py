"""The command line: --help everywhere, and for every mistake one line and exit status 2."""

import sys
from types import SimpleNamespace

import nbformat
import pytest
from typer.testing import CliRunner

from dgm_course import cli
from dgm_course.data import CATALOGUE
from dgm_course.homework.course import homework

COMMANDS = [
    [],
    ["lab"],
    ["check"],
    ["submit"],
    ["zoo"],
    ["demo"],
    ["data"],
    ["data", "list"],
    ["data", "fetch"],
]


@pytest.fixture
def dgm(tmp_path, monkeypatch):
    """Runs the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    return lambda *arguments: runner.invoke(cli.app, arguments)


def write_notebook(path):
    """A notebook of hw1 with nothing in it but its cells."""
    cells = [nbformat.v4.new_code_cell("import torch")]
    for task in homework("hw1").tasks:
        for name in (task.id, f"check-{task.id}"):
            cells.append(nbformat.v4.new_code_cell("pass", metadata={"nbgrader": {"grade_id": name}}))
    cells[1].source = """
def fit_histogram(x, num_levels, smoothing=0.0):
    counts = torch.bincount(x, minlength=num_levels).double() + smoothing
    return (counts / counts.sum()).log()
def histogram_nll(log_probs, x):
    return -log_probs[x].mean()
def fit_softmax_histogram(x, num_levels, num_steps, learning_rate):
    return fit_histogram(x, num_levels)
"""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help(dgm, command):
    result = dgm(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize("command", ["check", "submit", "lab"])
def test_help_has_examples(dgm, command):
    assert "Example" in dgm(command, "--help").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "hw9"], "there is no homework 'hw9'; there is hw1"),
        (["submit", "hw9"], "there is no homework 'hw9'; there is hw1"),
        (["check", "hw1", "--task", "77"], "hw1 has no task '77'; it has histogram,"),
        (["check", "hw1"], "there is no hw1.ipynb here"),
        (["submit", "hw1"], "there is no hw1.ipynb here"),
        (["check", "hw1", "--notebook", "gone.ipynb"], "there is no file gone.ipynb"),
        (["check", "hw1", "--notebook", "broken.ipynb"], "cut short"),
        (["submit", "hw1", "--notebook", "broken.ipynb"], "cut short"),
        (["submit", "hw1", "--notebook", "other.ipynb"], "not the notebook of hw1"),
        (["submit", "hw1", "--notebook", "right.ipynb", "--out", "nowhere"], "there is no folder nowhere"),
        (["lab", "nowhere"], "there is no folder nowhere"),
        (["data", "fetch", "imagenet"], "there is no data set 'imagenet'; there is"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(dgm, tmp_path, arguments, message):
    write_notebook(tmp_path / "right.ipynb")
    (tmp_path / "broken.ipynb").write_text('{"cells": [')
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "other.ipynb")
    before = sorted(tmp_path.rglob("*"))
    result = dgm(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("dgm: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_check_and_submit_a_notebook_that_is_found(dgm, tmp_path):
    write_notebook(tmp_path / "homeworks" / "hw1_autoregressive" / "hw1.ipynb")
    result = dgm("check", "hw1", "--task", "1")
    assert result.exit_code == 0, result.output
    assert "Task 1" in result.stdout
    assert "4 of 4 properties" in result.stdout
    result = dgm("submit", "hw1", "--name", "ada")
    assert result.exit_code == 0, result.output
    assert "worth 6 of 100 points" in result.stdout
    assert "Packed ada-hw1.zip" in result.stdout
    assert (tmp_path / "ada-hw1.zip").is_file()


def test_check_ends_with_status_one_when_a_check_does_not_pass(dgm, tmp_path):
    path = tmp_path / "mine.ipynb"
    write_notebook(path)
    path.write_text(path.read_text().replace("+ smoothing", "+ smoothing + 1"))
    result = dgm("check", "hw1", "--task", "histogram", "--notebook", "mine.ipynb")
    assert result.exit_code == 1
    assert "✗" in result.stdout


def test_data_list_names_every_set_and_marks_the_downloads(dgm):
    listed = dgm("data", "list")
    assert listed.exit_code == 0
    lines = listed.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [row.name for row in CATALOGUE]
    assert [line.endswith("(download)") for line in lines] == [row.download for row in CATALOGUE]


def test_data_fetch_loads_a_set(dgm):
    fetched = dgm("data", "fetch", "digits")
    assert fetched.exit_code == 0
    assert fetched.stdout.startswith("digits: LabelledSplit(train=(1000, 1, 8, 8)")


@pytest.fixture
def two_systems(monkeypatch):
    """A zoo that takes no time to measure."""
    columns = ("paper", "likelihood", "one sample", "test", "published", "lecture", "demo")
    rows = [{"system": name, **dict.fromkeys(columns, f"of {name}")} for name in ("MADE", "WaveNet")]
    monkeypatch.setitem(sys.modules, "dgm_course.zoo", SimpleNamespace(rows=lambda: rows))


@pytest.mark.usefixtures("two_systems")
def test_zoo_shows_every_system_or_all_of_one(dgm):
    result = dgm("zoo")
    assert result.exit_code == 0
    assert "MADE" in result.stdout
    assert "WaveNet" in result.stdout
    one = dgm("zoo", "wavenet")
    assert one.exit_code == 0
    assert "lecture         of WaveNet\ndemo            of WaveNet\n" in one.stdout
    assert "MADE" not in one.stdout


@pytest.mark.usefixtures("two_systems")
def test_a_system_that_is_not_there_is_one_line(dgm):
    result = dgm("zoo", "GPT-9")
    assert result.exit_code == 2
    assert result.stderr == "dgm: there is no system GPT-9; there are MADE, WaveNet\n"


def test_a_failed_download_is_one_line(dgm, tmp_path, monkeypatch):
    monkeypatch.setenv("DGM_DATA_DIR", str(tmp_path))
    (tmp_path / "mnist").write_text("a file where the cache should be")
    result = dgm("data", "fetch", "mnist-70k")
    assert result.exit_code == 2
    assert result.stderr.startswith("dgm: cannot write to the cache")
    assert result.stderr.count("\n") == 1


def test_lab_starts_jupyterlab_or_says_how_to_get_it(dgm, monkeypatch):
    calls = []
    monkeypatch.setattr(cli.subprocess, "call", lambda command, env: calls.append(command) or 0)
    monkeypatch.setattr(cli, "find_spec", lambda name: object())
    assert dgm("lab").exit_code == 0
    assert calls[0][1:4] == ["-m", "jupyterlab", "."]
    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    result = dgm("lab")
    assert result.exit_code == 2
    assert 'pip install "dgm_course[lab]"' in result.stderr


def test_an_old_python_is_told_so():
    cli.check_python((3, 11))
    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer is needed, this is 3\.9"):
        cli.check_python((3, 9))
