"""Grades as CSV for the systems that universities use; no cell of it can be run as a formula.

What is exported is what stands in the gradebook: corrections by hand and penalties for lateness are in it.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from dgm_course.homework.course import Homework
from grading.pipeline.ledger import Ledger
from grading.pipeline.results import write_atomically

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Row = list[str | float]


def export_grades(path: Path, work: Homework, ledgers: Mapping[str, Ledger], system: str = "plain") -> None:
    """Write one homework's grades in the columns of `plain`, `canvas`, `moodle` or `gradescope`."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in SYSTEMS[system](work, ledgers):
        writer.writerow([safe_cell(value) for value in row])
    write_atomically(path, text.getvalue().encode())


def safe_cell(value: str | float) -> str | float:
    """A value that a spreadsheet shows as it is: text that would be a formula gets an apostrophe in front.

    Example:
        >>> safe_cell("=HYPERLINK(1)"), safe_cell("ada"), safe_cell(-1.5)
        ("'=HYPERLINK(1)", 'ada', -1.5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _title(work: Homework) -> str:
    return f"Homework {work.id.removeprefix('hw')}"


def _plain(work: Homework, ledgers: Mapping[str, Ledger]) -> Iterator[Row]:
    yield [
        "student",
        *(task.id for task in work.tasks),
        "penalty",
        "score",
        "max_score",
        "handed_in",
        "hours_late",
    ]
    for student, ledger in sorted(ledgers.items()):
        scores = [ledger.scores[task.id] for task in work.tasks]
        hours = round(ledger.seconds_late / 3600, 2)
        yield [student, *scores, ledger.penalty, ledger.total, work.points, _when(ledger), hours]


def _canvas(work: Homework, ledgers: Mapping[str, Ledger]) -> Iterator[Row]:
    """Canvas finds a student by the login, and takes the points from the line after the header."""
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", _title(work)]
    yield ["    Points Possible", "", "", "", "", work.points]
    for student, ledger in sorted(ledgers.items()):
        yield [student, "", "", student, "", ledger.total]


def _moodle(work: Homework, ledgers: Mapping[str, Ledger]) -> Iterator[Row]:
    yield ["username", _title(work)]
    for student, ledger in sorted(ledgers.items()):
        yield [student, ledger.total]


def _gradescope(work: Homework, ledgers: Mapping[str, Ledger]) -> Iterator[Row]:
    title = _title(work)
    yield [
        "SID",
        "Email",
        title,
        f"{title} - Max Points",
        f"{title} - Submission Time",
        f"{title} - Lateness (H:M:S)",
    ]
    for student, ledger in sorted(ledgers.items()):
        seconds = int(ledger.seconds_late)
        late = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        email = student if "@" in student else ""
        yield [student, email, ledger.total, work.points, _when(ledger), late]


def _when(ledger: Ledger) -> str:
    return f"{ledger.timestamp:%Y-%m-%d %H:%M:%S} +0000" if ledger.timestamp else ""


SYSTEMS = {"plain": _plain, "canvas": _canvas, "moodle": _moodle, "gradescope": _gradescope}
