"""Notebooks are what their text sources build, and the solved one runs from a fresh kernel without a network."""

import shutil
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from dgm_course.homework.course import HOMEWORKS, homework
from grading.pipeline.material.notebooks import (
    ROOT,
    instructor_notebook,
    release_notebook,
    skeleton,
    source_cells,
    student_notebook,
)


@pytest.mark.parametrize("name", HOMEWORKS)
def test_built_notebook_is_its_source(name):
    work = homework(name)
    assert nbformat.writes(release_notebook(work)) == nbformat.writes(student_notebook(work))


@pytest.mark.parametrize("name", HOMEWORKS)
def test_release_shows_no_solution_and_carries_no_output(name):
    for cell in release_notebook(homework(name)).cells:
        assert "SOLUTION" not in cell.source
        assert not cell.get("outputs")


@pytest.mark.parametrize("name", HOMEWORKS)
def test_every_task_is_text_then_skeleton_then_check(name):
    work = homework(name)
    ids = [cell.id for cell in release_notebook(work).cells]
    for task in work.tasks:
        text, cell, check = (
            ids.index(each) for each in (f"text-{task.number:02d}-1", task.id, f"check-{task.id}")
        )
        assert text < cell < check, task.id


def test_skeleton_keeps_the_signature_and_names_the_task():
    task = homework("hw1").task("made")
    source = 'def f(x):\n    """Doc."""\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n'
    expected = 'def f(x):\n    """Doc."""\n    raise NotImplementedError("Task 5 · made")\n'
    assert skeleton(source, task) == expected


def test_a_cell_without_a_role_is_refused(tmp_path, monkeypatch):
    work = homework("hw1")
    folder = tmp_path / work.folder
    folder.mkdir()
    (folder / "01_histogram.py").write_text("# %%\nprint(1)\n")
    monkeypatch.setattr("grading.pipeline.material.notebooks.SOLUTIONS", tmp_path)
    assert len(source_cells(folder / "01_histogram.py")) == 1
    with pytest.raises(ValueError, match="needs one of given, task, check, figure"):
        instructor_notebook(work)


@pytest.mark.parametrize("name", HOMEWORKS)
def test_solved_notebook_runs_top_to_bottom(name, tmp_path):
    notebook = instructor_notebook(homework(name))
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = "".join(str(output) for cell in notebook.cells for output in cell.get("outputs", []))
    assert "✗" not in shown


def test_student_wheel_holds_nothing_hidden(tmp_path):
    source = tmp_path / "source"  # a copy: setuptools leaves its build folder beside what it builds
    ignored = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, source, ignore=ignored)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(source)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    unpacked = tmp_path / "wheel"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(unpacked)], check=True)
    files = [path for path in unpacked.rglob("*") if path.is_file()]
    assert {path.relative_to(unpacked).parts[0].split("-")[0] for path in files} == {"dgm_course"}
    demos = {path.stem for path in files if path.suffix == ".pt"}  # their trained weights
    assert demos == {"digits_model", "moons_model"}
    text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    for mark in ("BEGIN SOLUTION", "mark.points", "import grading", "from grading"):
        assert mark not in text
