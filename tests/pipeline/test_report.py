"""The report on a class names what an instructor should look at, in one page that loads nothing."""

import html
import re
from dataclasses import replace

import pytest

from dgm_course.homework.course import Homework, homework
from grading.pipeline.grades.course_total import CourseTotal
from grading.pipeline.grades.ledger import Ledger
from grading.pipeline.marking.results import Result
from grading.pipeline.material.notebooks import reference_cells
from grading.pipeline.pages.items import items
from grading.pipeline.pages.report import SHOWN_PAIRS, flagged, report_page
from grading.pipeline.pages.report_figures import difficulty_figure, totals_figure, use_figure
from grading.pipeline.pages.similarity import Pair, similar_pairs
from grading.sandbox.outcome import Usage

ON_TIME = Ledger({"count": 4.0, "sum": 2.0}, {}, None, 0.0, 0.0)


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("</style>")[1]))


@pytest.fixture
def results(result: Result) -> list[Result]:
    """Ada with 6 points, bob with 10, and mallory with 4, whose file was odd."""
    full = tuple(replace(test, passed=True) for test in result.tasks[1].tests)
    none = tuple(replace(test, passed=False) for test in result.tasks[1].tests)
    whole = replace(result.tasks[1], tests=full, follow_through=())
    blank = replace(result.tasks[1], tests=none, follow_through=(), misconception="Transposed mask.\n\nWhy.")
    return [
        result,
        replace(result, student="bob", tasks=(result.tasks[0], whole)),
        replace(result, student="mallory", tasks=(result.tasks[0], blank), notes=("A cell was tagged.",)),
    ]


def test_the_class_in_figures(work: Homework, results: list[Result]) -> None:
    text = _text(report_page(work, results, {}))
    for words in (
        "3 hand-ins",
        "6.7 mean of 10",
        "6 median",
        "1 Counting 4 100 % 100 % constant",
        "2 Summing 6 44 % 33 % constant",
        "Everybody passes Task 1: Counts are exact.",
        "It sums to one. 4 p 33 %",
        "2 · sum Transposed mask. 1",
        "No hand-in came near a budget.",
        "No two hand-ins are alike",
    ):
        assert words in text
    assert "Nobody passes" not in text
    assert "Course points" not in text


def test_points_of_the_gradebook_go_before_those_of_the_tests(work: Homework, results: list[Result]) -> None:
    ledgers = {each.student: replace(ON_TIME, scores={"count": 1.0, "sum": 1.0}) for each in results}
    text = _text(report_page(work, results, ledgers))
    assert "2.0 mean of 10" in text
    assert "1 Counting 4 25 % 0 %" in text


def test_a_test_that_nobody_passes_and_a_task_near_its_budget_are_named(
    work: Homework, result: Result
) -> None:
    slow = replace(result.tasks[0], cpu_seconds=19.4)
    text = _text(report_page(work, [replace(result, tasks=(slow, result.tasks[1]))], {}))
    assert "Nobody passes Task 2: It sums to one." in text
    assert "ada 1 · count CPU time 19 of 20 s" in text


def test_hand_ins_to_look_at_come_with_their_reasons(work: Homework, results: list[Result]) -> None:
    ada, bob, mallory = results
    late = {"bob": replace(ON_TIME, seconds_late=5400.0, penalty=2.0)}
    found = flagged(work, [ada, bob, replace(mallory, isolation="UNISOLATED")], late)
    assert [(each.student, each.total, each.reasons) for each in found] == [
        ("ada", 6.0, ["follow-through in task 2, on top of the reference for 1"]),
        ("bob", 4.0, ["1.5 hours late, 2 points taken off"]),
        ("mallory", 4.0, ["graded without isolation: these points do not count", "A cell was tagged."]),
    ]
    assert flagged(work, [bob], {}) == []
    text = _text(report_page(work, results, late))
    for each in found[:2]:
        assert f"{each.student} {each.total:g} {each.reasons[0]}" in text


@pytest.fixture(scope="module")
def pair() -> Pair:
    work = homework("hw1")
    cells = {"made": reference_cells(work)["made"]}
    (found,) = similar_pairs(work, {"ada": cells, "bob": cells})
    return found


def test_alike_hand_ins_stand_side_by_side(work: Homework, results: list[Result], pair: Pair) -> None:
    here = replace(pair, task="sum", tasks={"sum": 1.0})
    page = report_page(work, results, {}, [here] * (SHOWN_PAIRS + 3))
    assert "ada · bob 100 % 2" in _text(page)
    assert "And 3 pairs more" in page
    assert "never a verdict" in page
    shown = re.search(r'<div class="sides"><pre>(.+?)</pre><pre>(.+?)</pre></div>', page, re.DOTALL)
    assert shown
    assert shown[1] == shown[2]
    assert html.unescape(shown[1]) in (pair.excerpts[0], reference_cells(homework("hw1"))["made"])


def test_the_course_total_is_on_it(work: Homework, results: list[Result]) -> None:
    page = report_page(work, results, {}, course=[CourseTotal("ada", {"hw1": 4.5}, 27.5, None)])
    assert "ada 4.50 27.5 – 32.00" in _text(page)


def test_it_loads_nothing_and_runs_nothing(work: Homework, results: list[Result]) -> None:
    page = report_page(work, results, {})
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page
    assert set(re.findall(r'(?:src|href)="(.{22})', page)) == {"data:image/png;base64,"}
    assert "<script" not in page


def test_the_pictures_hold_the_figures(work: Homework, results: list[Result]) -> None:
    (axes,) = totals_figure([0, 4, 6, 10, 10], 10).axes
    assert [bar.get_height() for bar in axes.patches] == [1, 0, 0, 0, 1, 0, 1, 0, 0, 2]
    bars, dots = difficulty_figure(items(work, [{"count": 4, "sum": 0}, {"count": 0, "sum": 6}])).axes
    assert [bar.get_width() for bar in bars.patches] == [0.5, 0.5]
    marks = [line for line in dots.lines if line.get_marker() in ("o", "D")]
    assert [(line.get_xdata()[0], line.get_marker()) for line in marks] == [(pytest.approx(-1), "D")] * 2
    seconds, _ = use_figure(work, results, {"sum": Usage(0.25, 1.0, 20.0, 1.0)}).axes
    drawn = {line.get_marker(): line.get_xdata()[0] for line in seconds.lines if len(line.get_xdata())}
    assert (drawn["o"], drawn["|"], drawn["x"]) == (0.5, 20.0, 0.25)
