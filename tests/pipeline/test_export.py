"""Exported grades are the gradebook's, in each system's columns, and never a formula."""

import csv
import io
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgm_course.homework.course import Homework
from grading.pipeline.grades.export import SYSTEMS, export_grades, safe_cell
from grading.pipeline.grades.ledger import Ledger

LEDGERS = {
    "eva@uni.edu": Ledger({"count": 4.0, "sum": 5.5}, {}, datetime(2026, 1, 2, 3, 4, 5), 5400.0, 1.0),
    "ada": Ledger({"count": 4.0, "sum": 2.0}, {}, None, 0.0, 0.0),
}


def _rows(tmp_path: Path, work: Homework, system: str) -> list[list[str]]:
    export_grades(tmp_path / "grades.csv", work, LEDGERS, system)
    with open(tmp_path / "grades.csv", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_plain_has_every_task(tmp_path: Path, work: Homework) -> None:
    assert _rows(tmp_path, work, "plain") == [
        ["student", "count", "sum", "penalty", "score", "max_score", "handed_in", "hours_late"],
        ["ada", "4.0", "2.0", "0.0", "6.0", "10", "", "0.0"],
        ["eva@uni.edu", "4.0", "5.5", "1.0", "8.5", "10", "2026-01-02 03:04:05 +0000", "1.5"],
    ]


def test_canvas_has_its_login_column_and_points_line(tmp_path: Path, work: Homework) -> None:
    header, points, ada, _ = _rows(tmp_path, work, "canvas")
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 1"]
    assert points == ["    Points Possible", "", "", "", "", "10"]
    assert ada == ["ada", "", "", "ada", "", "6.0"]


def test_no_name_passes_for_the_line_of_the_points(tmp_path: Path, work: Homework) -> None:
    export_grades(tmp_path / "grades.csv", work, {"Points Possible": LEDGERS["ada"]}, "canvas")
    lines = (tmp_path / "grades.csv").read_text("utf-8").splitlines()
    assert [line for line in lines if "Points Possible" in line.partition(",")[0]] == lines[1:2]
    assert lines[2] == ",,,Points Possible,,6.0"


def test_moodle_has_name_and_points(tmp_path: Path, work: Homework) -> None:
    assert _rows(tmp_path, work, "moodle") == [
        ["username", "Homework 1"],
        ["ada", "6.0"],
        ["eva@uni.edu", "8.5"],
    ]


def test_gradescope_has_time_and_lateness(tmp_path: Path, work: Homework) -> None:
    header, _, eva = _rows(tmp_path, work, "gradescope")
    assert dict(zip(header, eva, strict=True)) == {
        "First Name": "",
        "Last Name": "",
        "SID": "eva@uni.edu",
        "Email": "eva@uni.edu",
        "Homework 1": "8.5",
        "Homework 1 - Max Points": "10",
        "Homework 1 - Submission Time": "2026-01-02 03:04:05 +0000",
        "Homework 1 - Lateness (H:M:S)": "01:30:00",
    }


HOSTILE = (
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "%1",
    "\t=1",
    "\r=1",
    "  =1",
    "\u00a0=1",
    "\ufeff=1",
    "\u200b=1",
    "＝1",
    "ada;=1+1",
    'ada";=cmd|calc',
    "ada\t =1",
    "ada\n=1",
    'a","=1',
)
FORMULA_STARTS = ("=", "+", "-", "@", "%", "＝", "＋", "－", "＠")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_no_system_gets_a_formula_however_a_spreadsheet_separates_cells(
    tmp_path: Path, work: Homework, system: str, separator: str
) -> None:
    export_grades(tmp_path / "grades.csv", work, dict.fromkeys(HOSTILE, LEDGERS["ada"]), system)
    text = (tmp_path / "grades.csv").read_text(encoding="utf-8")
    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]
    cells += [part.strip('"') for part in text.split(separator)]  # what takes no notice of quotes
    for cell in cells:
        assert not cell.lstrip(" \t\r\n\u00a0\ufeff\u200b").startswith(FORMULA_STARTS)


@given(st.text())
def test_a_safe_cell_keeps_its_text(text: str) -> None:
    assert str(safe_cell(text)).replace("'", "") == text.replace("'", "")


@given(st.text(alphabet="=+-@%;,|\t\n\"' a1\ufeff"))
def test_a_safe_cell_stays_as_it_is(text: str) -> None:
    assert safe_cell(safe_cell(text)) == safe_cell(text)


@pytest.mark.parametrize(
    "name", ["ada-eve@uni.edu", "student-01", "A. Lovelace, Ada", "O'Neil", "2026-01-02 +0000"]
)
def test_an_ordinary_name_is_not_touched(name: str) -> None:
    assert safe_cell(name) == name
