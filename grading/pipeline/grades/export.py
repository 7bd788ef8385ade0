"""Grades as CSV for the systems that universities use; no cell of it can be run as a formula.

What is exported is what stands in the gradebook: corrections by hand and penalties for lateness are in it.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from dgm_course.homework.course import Homework
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.grades.ledger import Ledger

# Where a spreadsheet may see a formula: at the start of a text or of what it takes for the next cell (it may separate
# cells by semicolons, tabs or bars where we do by commas), behind blanks and marks that no one sees.
SEPARATOR = '[;,|\t\r\n"]'
UNSEEN = "[\\s\x00-\x1f\xad\u200b-\u200f\u2060\ufeff]*"
FORMULA = re.compile(f"(^|{SEPARATOR})(?={UNSEEN}[-=+@%＝＋－＠])")
Row = list[str | float]


def export_grades(path: Path, work: Homework, ledgers: Mapping[str, Ledger], system: str = "plain") -> None:
    """Write one homework's grades in the columns of `plain`, `canvas`, `moodle` or `gradescope`."""
    write_csv(path, SYSTEMS[system](work, ledgers))


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV in UTF-8, with every text as a `safe_cell`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    write_atomically(path, text.getvalue().encode())


def safe_cell(value: str | float) -> str | float:
    """A value that a spreadsheet shows as it is: what would be a formula in it gets an apostrophe in front.

    Example:
        >>> safe_cell("=HYPERLINK(1)"), safe_cell("ada; =1+1"), safe_cell("ada-eve@uni.edu"), safe_cell(-1.5)
        ("'=HYPERLINK(1)", "ada;' =1+1", 'ada-eve@uni.edu', -1.5)
    """
    return FORMULA.sub(r"\1'", value) if isinstance(value, str) else value


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
    """Canvas finds a student without its own ID by the login, and takes the points from the line after the header.

    A column whose title no assignment has becomes a new one. (Canvas's own lib/gradebook_importer.rb.)
    """
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", _title(work)]
    yield ["    Points Possible", "", "", "", "", work.points]
    for student, ledger in sorted(ledgers.items()):
        name = (
            "" if "Points Possible" in student else student
        )  # Canvas would take the line for that of the points
        yield [name, "", "", student, "", ledger.total]


def _moodle(work: Homework, ledgers: Mapping[str, Ledger]) -> Iterator[Row]:
    """Moodle asks at the import which column is the user and which the grade item."""
    yield ["username", _title(work)]
    for student, ledger in sorted(ledgers.items()):
        yield [student, ledger.total]


def _gradescope(work: Homework, ledgers: Mapping[str, Ledger]) -> Iterator[Row]:
    """The columns in which Gradescope exports grades, for whatever reads those."""
    title = _title(work)
    yield [
        "First Name",
        "Last Name",
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
        yield ["", "", student, email, ledger.total, work.points, _when(ledger), late]


def _when(ledger: Ledger) -> str:
    return f"{ledger.timestamp:%Y-%m-%d %H:%M:%S} +0000" if ledger.timestamp else ""


SYSTEMS = {"plain": _plain, "canvas": _canvas, "moodle": _moodle, "gradescope": _gradescope}
