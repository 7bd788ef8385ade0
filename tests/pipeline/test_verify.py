"""A result is good for one file, one suite, one student and one course; anything else is named."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dgm_course.homework.course import Homework
from grading import cli
from grading.pipeline.course.keys import course_key
from grading.pipeline.marking.results import Result, result_path, write_result
from grading.pipeline.marking.submission import environment_fingerprint, suite_fingerprint
from grading.pipeline.marking.verify import verify


@pytest.fixture
def good(work: Homework, course: Path, hand_in: Callable[..., bytes], result: Result) -> Result:
    """The result of ada's hand-in, graded here and now, in its place."""
    graded = replace(
        result,
        submission_sha256=hashlib.sha256(hand_in("ada")).hexdigest(),
        suite_sha256=suite_fingerprint(work),
        environment_sha256=environment_fingerprint(),
    )
    write_result(graded, result_path(course, "hw1", "ada"), course_key(course))
    return graded


def doubts(course: Path, work: Homework) -> str:
    return "; ".join(doubt for _, each in verify(course, work) for doubt in each)


def test_a_good_result_leaves_no_doubt(course: Path, work: Homework, good: Result) -> None:
    assert list(verify(course, work)) == [("ada", [])]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("submission_sha256", "0" * 64, "another file"),
        ("suite_sha256", "0" * 64, "other tests"),
        ("environment_sha256", "0" * 64, "other versions"),
        ("isolation", "UNISOLATED", "without isolation"),
        ("student", "bob", "of bob for hw1, put in another's place"),
    ],
)
def test_what_has_changed_is_named(
    course: Path, work: Homework, good: Result, field: str, value: str, words: str
) -> None:
    write_result(replace(good, **{field: value}), result_path(course, "hw1", "ada"), course_key(course))
    assert words in doubts(course, work)


def test_a_changed_score_and_a_missing_result_are_named(
    course: Path, work: Homework, good: Result, hand_in: Callable[..., bytes]
) -> None:
    path = result_path(course, "hw1", "ada")
    path.write_text(path.read_text().replace('"passed": false', '"passed": true'))
    hand_in("bob")
    assert "signature is not this course's" in doubts(course, work)
    assert ("bob", ["not graded"]) in verify(course, work)


def test_the_command_says_how_many_can_be_defended(
    course: Path, good: Result, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["dgm-grade", "verify", "hw1", "--course", str(course)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    assert "1 of 1 results can be defended" in capsys.readouterr().out
