"""`dgm demo`: which demos there are, and a page for each."""

import sys

import pytest
from typer.testing import CliRunner

from dgm_course import cli, jupyter
from dgm_course.demos import DEMOS, pages


def test_without_a_name_every_demo_is_listed_by_its_file():
    listed = CliRunner().invoke(cli.app, ["demo"]).stdout
    for name, demo in DEMOS.items():
        assert f"{name} " in listed
        assert demo.title in listed


def test_an_unknown_demo_is_one_line():
    result = CliRunner().invoke(cli.app, ["demo", "no_such"])
    assert result.exit_code == 2
    assert result.stderr.strip() == f"dgm: there is no demo no_such; there are {', '.join(DEMOS)}"


def test_without_ipywidgets_it_says_how_to_get_them(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("dgm_course.demos")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = CliRunner().invoke(cli.app, ["demo"])
    assert result.exit_code == 2
    assert result.stderr.strip() == 'dgm: live demos need ipywidgets: pip install "dgm_course[lab]"'


def test_every_demo_has_a_notebook_that_builds_it(tmp_path):
    pages.write_notebooks(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(DEMOS)
    assert "ReceptiveField()" in (tmp_path / "receptive_field.ipynb").read_text("utf-8")


def test_a_server_that_does_not_start_says_why(tmp_path):
    with (
        pytest.raises(RuntimeError, match="no-such-option"),
        pages.serving(tmp_path, "--no-such-option=1", "--version-x"),
    ):
        pass


def test_a_server_that_does_not_end_is_ended(tmp_path, monkeypatch):
    stubborn = """import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("http://127.0.0.1:1", file=sys.stderr, flush=True)
signal.pause()"""
    monkeypatch.setattr(jupyter, "command", lambda *_: [sys.executable, "-c", stubborn])
    monkeypatch.setattr(pages, "PATIENCE", 0.01)
    with pages.serving(tmp_path) as address:
        assert address("lab", "any").startswith("http://127.0.0.1:1/lab/tree/any.ipynb")
