"""Course points: 7.5 a homework, exam and project from a file that is read strictly."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dgm_course.homework.course import Homework
from grading.pipeline.course.errors import CourseError
from grading.pipeline.grades.course_total import CourseTotal, course_totals, read_others, write_course_csv
from grading.pipeline.grades.gradebook import import_results
from grading.pipeline.marking.results import Result

GOOD = "student,exam,project\nada,27.5,40\nzoe,12,\n"


@pytest.fixture
def others(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(text: str | bytes) -> Path:
        path = tmp_path / "others.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_homeworks_exam_and_project_add_up(
    course: Path,
    work: Homework,
    result: Result,
    hand_in: Callable[..., bytes],
    others: Callable[[str | bytes], Path],
    tmp_path: Path,
) -> None:
    hand_in("ada")
    hand_in("eve")
    import_results(course, work, [result, replace(result, student="eve")])
    totals = course_totals(course, others(GOOD))
    assert totals == [
        CourseTotal("ada", {"hw1": 7.5 * 6 / 10}, 27.5, 40.0),
        CourseTotal("eve", {"hw1": 7.5 * 6 / 10}, None, None),
        CourseTotal("zoe", {"hw1": None}, 12.0, None),
    ]
    assert [each.total for each in totals] == [72.0, 4.5, 12.0]
    write_course_csv(tmp_path / "course.csv", [*totals, CourseTotal("=1+1", {"hw1": None}, None, None)])
    with open(tmp_path / "course.csv", newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["student", "hw1", "exam", "project", "total"],
            ["ada", "4.5", "27.5", "40.0", "72.0"],
            ["eve", "4.5", "", "", "4.5"],
            ["zoe", "", "12.0", "", "12.0"],
            ["'=1+1", "", "", "", "0.0"],
        ]


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        "project;student;name;exam\n40;ada;Ada;27,5\n; zoe ;Zoë;12\n",
    ],
    ids=["plain", "with a mark of its encoding", "of Windows", "of a spreadsheet with decimal commas"],
)
def test_files_of_all_spreadsheets_are_read(others: Callable[[str | bytes], Path], text: str) -> None:
    assert read_others(others(text)) == {
        "ada": {"exam": 27.5, "project": 40.0},
        "zoe": {"exam": 12.0, "project": None},
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "needs the columns"),
        ("name,exam\nada,1\n", "needs the columns student, exam and project; its first line is: name,exam"),
        (GOOD.replace("27.5", "31"), "line 2: exam is '31', not a number from 0 to 30"),
        (GOOD.replace("40", "-1"), "line 2: project is '-1'"),
        (GOOD.replace("12", "nan"), "line 3: exam is 'nan'"),
        (GOOD.replace("12", "good"), "line 3: exam is 'good'"),
        (GOOD + "ada,1,1\n", "line 4: there twice: ada"),
        (GOOD + ",1,1\n", "line 4: no student"),
        (GOOD.encode("utf-16"), "is not UTF-8"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    others: Callable[[str | bytes], Path], text: str | bytes, words: str
) -> None:
    with pytest.raises(CourseError, match=words):
        read_others(others(text))
