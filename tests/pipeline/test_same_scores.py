"""`nbgrader autograde` and our own run grade alike, in the real sandbox and with real hidden tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nbgrader.converters import Autograde

from dgm_course.homework.course import Homework
from grading import nbgrader_hooks
from grading.pipeline.course.keys import course_key, subkey
from grading.pipeline.grades.gradebook import import_results, read_ledger
from grading.pipeline.marking import submission, suite
from grading.pipeline.marking.results import read_results
from grading.pipeline.material.release import open_course
from grading.sandbox.client import Sandbox

HIDDEN_TEST = '''
import pytest
from dgm_course.testing import assert_close

@pytest.mark.points({points})
def test_identity(student, rng):
    """A number comes back."""
    assert_close(student.{name}(3), 3)
'''


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


@pytest.fixture
def hidden(tmp_path: Path, work: Homework, monkeypatch: pytest.MonkeyPatch) -> None:
    """One hidden test a task of the small homework."""
    folder = tmp_path / "hidden" / work.id
    folder.mkdir(parents=True)
    (folder.parent / "pytest.ini").write_text((suite.HIDDEN / "pytest.ini").read_text())
    for task in work.tasks:
        (folder / f"test_{task.stem}.py").write_text(HIDDEN_TEST.format(points=task.points, name=task.id))
    monkeypatch.setattr(suite, "HIDDEN", folder.parent)
    monkeypatch.setattr(submission, "HIDDEN", folder.parent)


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_both_ways_give_the_same_scores(
    course: Path,
    work: Homework,
    hand_in: Callable[..., bytes],
    hidden: None,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contents = {
        "ada": hand_in("ada", count="def count(x):\n    return x", sum="def sum(x):\n    return x"),
        "bob": hand_in("bob", count="def count(x):\n    return -x", sum="def sum(x):\n    return x"),
        "cy": hand_in("cy", count="import os\nos._exit(0)"),
        "di": hand_in("di"),
    }
    monkeypatch.setattr(nbgrader_hooks, "_sandbox", lambda: sandbox)
    directory = open_course(course)
    directory.assignment_id = work.id
    Autograde(coursedir=directory, config=directory.config).start()
    theirs = read_ledger(course, work)
    assert {student: ledger.total for student, ledger in theirs.items()} == {
        "ada": 10,
        "bob": 6,
        "cy": 0,
        "di": 0,
    }
    key = course_key(course)
    ours = [
        submission.grade_submission(work, student, content, sandbox, subkey(key, "inputs"))
        for student, content in contents.items()
    ]
    stored = read_results(course, work.id, key)
    assert [(r.student, r.score, r.submission_sha256) for r in ours] == [
        (r.student, r.score, r.submission_sha256) for r in stored
    ]
    import_results(course, work, ours)
    assert read_ledger(course, work) == theirs
