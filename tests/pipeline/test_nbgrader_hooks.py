"""Stock nbgrader commands in a course of ours: our scores, our page, whatever was handed in, and no kernel."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupyter_client.manager
import nbformat
import pytest
from nbgrader.converters import Autograde, GenerateFeedback

from dgm_course.homework.course import Homework
from grading import nbgrader_hooks
from grading.pipeline.grades.gradebook import import_results, read_ledger
from grading.pipeline.handins.submitted import submitted_path
from grading.pipeline.marking.results import Result
from grading.pipeline.marking.transcripts import Graded
from grading.pipeline.material.release import open_course
from grading.pipeline.pages.feedback import feedback_page

HandIn = Callable[..., bytes]
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own habits


def _nbgrader(converter: type, course: Path, **options: Any) -> None:
    """Run what `nbgrader autograde hw1` or `nbgrader generate_feedback hw1` runs."""
    directory = open_course(course)
    directory.assignment_id = "hw1"
    converter(coursedir=directory, config=directory.config, **options).start()


@pytest.fixture
def graded(result: Result, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for the sandboxed grading; the list says whose code was run."""
    runs: list[str] = []

    def grade(work: Homework, student: str, content: bytes, sandbox: object, secret: bytes) -> Graded:
        runs.append(student)
        judged = replace(result, student=student, submission_sha256=sha256(content).hexdigest())
        return Graded(judged, b"a transcript")

    def stored(
        course: Path, work: Homework, student: str, content: bytes, isolation: str, key: bytes
    ) -> Result | None:
        return grade(work, student, content, None, b"").result if student in runs else None

    monkeypatch.setattr(nbgrader_hooks, "grade", grade)
    monkeypatch.setattr(nbgrader_hooks, "stored_result", stored)
    monkeypatch.setattr(nbgrader_hooks, "_sandbox", lambda: SimpleNamespace(isolation="bwrap"))
    monkeypatch.setattr(
        jupyter_client.manager.KernelManager, "start_kernel", lambda *_: pytest.fail("a kernel")
    )
    return runs


def test_autograde_gives_the_scores_and_notebook_of_our_run(
    course: Path, work: Homework, hand_in: HandIn, result: Result, graded: list[str]
) -> None:
    hand_in(count="def count(x):\n    return x")
    import_results(course, work, [result])
    ours = read_ledger(course, work)
    notebook = (course / "autograded" / "ada" / "hw1" / "hw1.ipynb").read_text()
    _nbgrader(Autograde, course, force=True)
    assert graded == ["ada"]
    assert read_ledger(course, work) == ours
    theirs = nbformat.read(course / "autograded" / "ada" / "hw1" / "hw1.ipynb", as_version=4)
    assert theirs == nbformat.reads(notebook, as_version=4)


@pytest.mark.parametrize("content", [b"", b'{"cells": [', b"\xff\x00", b"PK\x03\x04"])
def test_autograde_scores_files_that_are_no_notebook(
    course: Path, work: Homework, hand_in: HandIn, graded: list[str], content: bytes
) -> None:
    hand_in("ada")
    hand_in("bob")
    submitted_path(course, "hw1", "ada").write_bytes(content)
    _nbgrader(Autograde, course)
    assert sorted(graded) == ["ada", "bob"]
    assert {student: ledger.total for student, ledger in read_ledger(course, work).items()} == {
        "ada": 6.0,
        "bob": 6.0,
    }


def test_autograde_does_not_follow_a_link(course: Path, hand_in: HandIn, graded: list[str]) -> None:
    hand_in("ada")
    path = submitted_path(course, "hw1", "ada")
    path.unlink()
    path.symlink_to(course / "source" / "hw1" / "hw1.ipynb")
    path.with_name("notes.txt").symlink_to(course / "gradebook.db")
    _nbgrader(Autograde, course)
    graded_folder = course / "autograded" / "ada" / "hw1"
    assert "### BEGIN SOLUTION" not in (graded_folder / "hw1.ipynb").read_text()
    assert sorted(path.name for path in graded_folder.iterdir()) == ["hw1.ipynb", "timestamp.txt"]


def test_generate_feedback_writes_our_page(
    course: Path, work: Homework, hand_in: HandIn, result: Result, graded: list[str]
) -> None:
    content = hand_in()
    _nbgrader(Autograde, course)
    _nbgrader(GenerateFeedback, course)
    page = (course / "feedback" / "ada" / "hw1" / "hw1.html").read_text()
    signed = replace(result, submission_sha256=sha256(content).hexdigest())
    assert page == feedback_page(work, signed, read_ledger(course, work)["ada"])
