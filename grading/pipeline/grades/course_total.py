"""The points of the whole course: four homeworks of 7.5 each, the exam of 30, the project of 40."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dgm_course.homework.course import HOMEWORKS, homework
from grading.pipeline.course.errors import CourseError
from grading.pipeline.grades.export import write_csv
from grading.pipeline.grades.gradebook import read_ledger

HOMEWORK_POINTS = 7.5  # of each of four
MOST = {"exam": 30.0, "project": 40.0}


@dataclass(frozen=True)
class CourseTotal:
    """One student's course points: by homework, of exam and project; None where there is nothing."""

    student: str
    homeworks: dict[str, float | None]
    exam: float | None
    project: float | None

    @property
    def total(self) -> float:
        return math.fsum(points or 0.0 for points in (*self.homeworks.values(), self.exam, self.project))


def read_others(path: Path) -> dict[str, dict[str, float | None]]:
    """Exam and project points by student from a CSV with the columns student, exam and project; an empty cell is None.

    Columns may be separated by commas or semicolons; more columns than these are not read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not UTF-8: save it as CSV UTF-8.") from None
    header = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(), delimiter=";" if ";" in header else ",")
    if not {"student", *MOST} <= set(rows.fieldnames or ()):
        raise CourseError(
            f"{path} needs the columns student, exam and project; its first line is: {header[:80]}"
        )
    found: dict[str, dict[str, float | None]] = {}
    for number, row in enumerate(rows, 2):
        student = (row["student"] or "").strip()
        if not student or student in found:
            raise CourseError(
                f"{path}, line {number}: {'there twice: ' + student if student else 'no student'}."
            )
        found[student] = {name: _points(row[name], name, f"{path}, line {number}") for name in MOST}
    return found


def _points(text: str | None, name: str, where: str) -> float | None:
    text = (text or "").strip()
    if not text:
        return None
    try:
        points = float(text.replace(",", "."))
    except ValueError:
        points = math.nan
    if not 0 <= points <= MOST[name]:
        raise CourseError(f"{where}: {name} is {text!r}, not a number from 0 to {MOST[name]:g}.")
    return points


def course_totals(course: Path, others: Path) -> list[CourseTotal]:
    """The course points of every student who handed something in or stands in the file of exam and project points."""
    elsewhere = read_others(others)
    homeworks = dict(_homework_points(course))
    students = sorted({*elsewhere, *(student for points in homeworks.values() for student in points)})
    return [
        CourseTotal(
            student,
            {name: points.get(student) for name, points in homeworks.items()},
            **elsewhere.get(student, {"exam": None, "project": None}),
        )
        for student in students
    ]


def _homework_points(course: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """The course points by student of every homework that the gradebook holds."""
    for name in HOMEWORKS:
        work = homework(name)
        try:
            ledgers = read_ledger(course, work)
        except CourseError:  # not released
            continue
        yield name, {s: HOMEWORK_POINTS * ledger.total / work.points for s, ledger in ledgers.items()}


def write_course_csv(path: Path, totals: list[CourseTotal]) -> None:
    """Write the course points as CSV, one student a line; what is missing is an empty cell."""
    names = [*totals[0].homeworks] if totals else []
    rows: list[list[str | float]] = [["student", *names, *MOST, "total"]]
    for each in totals:
        parts = (*each.homeworks.values(), each.exam, each.project, each.total)
        rows.append([each.student, *("" if points is None else round(points, 4) for points in parts)])
    write_csv(path, rows)
