"""Results are signed, add up on the trusted side, and survive the file system."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from grading.pipeline.course.errors import CourseError
from grading.pipeline.course.keys import FILE, course_key, subkey
from grading.pipeline.marking.results import (
    Result,
    ResultError,
    read_result,
    read_results,
    result_path,
    write_result,
)

KEY = b"k" * 32


def test_a_result_survives_its_file(tmp_path: Path, result: Result) -> None:
    path = result_path(tmp_path, "hw1", "ada")
    write_result(result, path, KEY)
    assert read_result(path, KEY) == result
    assert read_results(tmp_path, "hw1", KEY) == [result]
    assert [entry.name for entry in path.parent.iterdir()] == ["ada.json"]


def test_scores_are_sums_of_passed_tests_clamped_to_the_task(result: Result) -> None:
    assert [task.score for task in result.tasks] == [4.0, 2.0]
    assert result.score == 6.0
    generous = replace(result.tasks[0], points=3)
    assert generous.score == 3.0
    refund = replace(result.tasks[0].tests[0], points=-50)
    assert replace(result.tasks[0], tests=(refund,)).score == 0.0


@pytest.mark.parametrize(
    "tamper",
    [
        lambda data: data.update(score=10.0),
        lambda data: data["tasks"][1]["tests"][1].update(passed=True),
        lambda data: data.update(student="eve"),
        lambda data: data.update(signature="0" * 64),
        lambda data: data.pop("signature"),
        lambda data: data.update(extra=1),
    ],
)
def test_a_changed_file_is_not_believed(tmp_path: Path, result: Result, tamper) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "ada.json"
    write_result(result, path, KEY)
    data = json.loads(path.read_text())
    tamper(data)
    path.write_text(json.dumps(data))
    with pytest.raises(ResultError, match=r"ada\.json .*grade again"):
        read_result(path, KEY)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"null", b'{"signature": 1}', b"\xff\xfe", b"[" * 100_000]
)
def test_anything_else_is_not_a_result(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ada.json"
    path.write_bytes(content)
    with pytest.raises(ResultError, match=r"ada\.json"):
        read_result(path, KEY)


def test_the_signature_belongs_to_one_course(tmp_path: Path, result: Result) -> None:
    path = tmp_path / "ada.json"
    write_result(result, path, KEY)
    with pytest.raises(ResultError, match="not this course's"):
        read_result(path, b"another course's key")


def test_text_with_broken_unicode_is_kept(tmp_path: Path, result: Result) -> None:
    odd = replace(result, notes=("half a pair: \ud800, a null: \0",))
    write_result(odd, tmp_path / "ada.json", KEY)
    assert read_result(tmp_path / "ada.json", KEY) == odd


def test_the_course_key_is_made_once_and_private(tmp_path: Path) -> None:
    key = course_key(tmp_path)
    assert len(key) == 32
    assert course_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("damage", [b"", b"00", b"\xff" * 64, b"no key" * 10])
def test_a_damaged_course_key_is_named(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    with pytest.raises(CourseError, match="put its copy back"):
        course_key(tmp_path)


def test_subkeys_differ_by_purpose() -> None:
    assert len({subkey(KEY, "results"), subkey(KEY, "inputs"), KEY}) == 3
