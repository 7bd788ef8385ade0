"""The feedback page says what holds and why not, and nothing in it can run."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgm_course.homework.course import Homework, homework
from grading.pipeline.grades.ledger import NO_RESPONSE, Ledger
from grading.pipeline.marking.results import Result
from grading.pipeline.material import bank
from grading.pipeline.material.bank import misconceptions
from grading.pipeline.pages import feedback
from grading.pipeline.pages.feedback import feedback_page, next_steps, prose, write_feedback
from grading.pipeline.pages.pictures import dependency_picture
from grading.pipeline.proof.use import reference_use
from grading.sandbox.outcome import Budget, Usage

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\" ' `${7*7}` {{ 7*7 }} \u202egnp"


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("</style>")[1]))


def test_every_part_of_a_failure_is_told(work: Homework, result: Result) -> None:
    text = _text(feedback_page(work, result))
    for words in (
        "6 of 10 points",
        "✓ The shape is kept. 2 / 2",
        "✗ It sums to one. 0 / 4",
        "expected 1.0",
        "got 0.9313",
        "likely cause the mask lets a pixel see itself",
        "read Lecture 2, masks",
        "Your task 1 did not hold",
        "CPU time 0.50 s budget 20 s",
        "on the clock 0.90 s budget 120 s",
        "memory 300 MiB budget 2048 MiB",
    ):
        assert words in text


def test_what_was_used_stands_beside_what_the_reference_needs(
    work: Homework, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "reference_use", lambda _: {"sum": Usage(0.25, 9.0, 21.5, 0.75)})
    text = _text(feedback_page(work, result))
    for words in (
        "CPU time 0.50 s reference 0.25 s, budget 20 s",
        "on the clock 0.90 s reference 0.75 s, budget 120 s",
        "memory 300 MiB reference 22 MiB, budget 2048 MiB",
    ):
        assert text.count(words) == 1


def test_every_budget_is_five_times_what_the_reference_uses() -> None:
    work = homework("hw1")
    used = reference_use(work)
    assert [*used] == [task.id for task in work.tasks]
    for task in work.tasks:
        budget = Budget(cpu_seconds=task.cpu_seconds)
        assert budget.cpu_seconds >= 5 * used[task.id].cpu_seconds > 0
        assert budget.wall_seconds >= 5 * used[task.id].busy_seconds
        assert budget.memory_mib >= 5 * used[task.id].peak_memory_mib


def test_a_recognised_misconception_is_named_and_explained(work: Homework, result: Result) -> None:
    known = replace(result.tasks[1], misconception="Transposed mask.\n\nThe shape is `(out, in)`.\n")
    page = feedback_page(work, replace(result, tasks=(result.tasks[0], known)))
    assert "This looks like: Transposed mask." in page
    assert "<p>The shape is <code>(out, in)</code>.</p>" in page


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_up_to_three_misconceptions_that_fail_the_same_tests_are_named(
    result: Result, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    hw1, failed = homework("hw1"), frozenset({"test_sum"})
    made = hw1.task("made")
    candidates = list(misconceptions(hw1, made))[:number]
    signatures = {("made", failed): [each.name for each in candidates]}
    monkeypatch.setattr(bank, "_signatures", lambda _: signatures)
    found = bank.recognise(hw1, made, failed)
    if number == 4:
        assert found is None
        return
    page = feedback_page(hw1, replace(result, tasks=(replace(result.tasks[0], misconception=found),)))
    titles = [each.explanation.splitlines()[0] for each in candidates]
    assert "This looks like: " + " Or: ".join(titles) in unescape(page)


def test_the_page_has_notes_lateness_comments_and_changes_by_hand(work: Homework, result: Result) -> None:
    ledger = Ledger({"count": 4.0, "sum": 5.0}, {"sum": "Well argued."}, None, 7200.0, 1.5)
    text = _text(feedback_page(work, replace(result, notes=("A cell was tagged.",)), ledger))
    for words in (
        "7.5 of 10 points",
        "The tests gave 2; a person changed it to 5",
        "Well argued.",
        "2.0 hours late : 1.5 points were taken off",
        "A cell was tagged.",
    ):
        assert words in text.replace("late:", "late :")


def test_an_unconfined_run_is_stamped(work: Homework, result: Result) -> None:
    assert "Graded without a sandbox" in feedback_page(work, replace(result, isolation="UNISOLATED"))
    assert "Graded without a sandbox" not in feedback_page(work, result)


def test_next_steps_begin_with_what_other_tasks_need(result: Result) -> None:
    count = replace(result.tasks[0], tests=(replace(result.tasks[0].tests[0], passed=False),), points=1)
    assert [task.id for task in next_steps(replace(result, tasks=(count, result.tasks[1])))] == [
        "count",
        "sum",
    ]
    assert [task.id for task in next_steps(result)] == ["sum"]
    assert next_steps(replace(result, tasks=result.tasks[:1])) == []


def test_a_blank_task_says_what_is_asked_and_nothing_of_what_came_back(
    work: Homework, result: Result
) -> None:
    count, total = result.tasks
    skeleton = replace(total, tests=tuple(replace(t, passed=False, kind="unwritten") for t in total.tests))
    blank = replace(result, tasks=(replace(count, tests=(total.tests[1],)), skeleton))
    ledger = Ledger({"count": 0.0, "sum": 0.0}, {"sum": NO_RESPONSE}, None, 0.0, 0.0)
    text = _text(feedback_page(work, blank, ledger))
    assert "Not written yet. The cell still holds the skeleton" in text
    assert text.count("likely cause") == 1
    assert NO_RESPONSE not in text
    unneeded = replace(blank, tasks=tuple(replace(task, follow_through=()) for task in blank.tasks))
    assert [task.id for task in next_steps(unneeded)] == ["count", "sum"]


def _hostile_everywhere(result: Result, text: str) -> Result:
    words = dict.fromkeys(("title", "expected", "got", "cause", "read"), text)
    outputs = ({"output_type": "stream", "name": "stdout", "text": text},)
    tasks = tuple(
        replace(
            task,
            tests=tuple(replace(test, passed=False, **words) for test in task.tests),
            misconception=text + "\n\n" + text,
            outputs=outputs,
        )
        for task in result.tasks
    )
    return replace(result, student=text, notes=(text,), tasks=tasks)


def test_nothing_can_run(work: Homework, result: Result) -> None:
    hostile = _hostile_everywhere(result, HOSTILE)
    ledger = Ledger({"count": 4.0, "sum": 2.0}, {"sum": HOSTILE}, None, 0.0, 0.0)
    page = feedback_page(work, hostile, ledger)
    assert "default-src 'none'" in page
    tags = set(re.findall(r"<\s*([a-zA-Z]+)", page))
    assert not tags & {"script", "img", "iframe", "object", "embed", "form", "link", "base"}
    assert not [tag for tag in re.findall(r"<[^>]*>", page) if re.search(r"\son\w+\s*=", tag)]
    assert "\u202e" not in page
    assert ">49<" not in page


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text())
def test_prose_holds_paragraphs_and_code_only(text: str) -> None:
    assert set(re.findall(r"</?([^>]*)>", prose(text))) <= {"p", "code"}


def test_any_text_makes_a_page_that_can_be_written(tmp_path: Path, work: Homework, result: Result) -> None:
    path = write_feedback(tmp_path, work, replace(_hostile_everywhere(result, "\ud800\0é"), student="ada"))
    assert path == tmp_path / "feedback" / "ada" / "hw1" / "hw1.html"
    assert "é" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "picture", [None, {}, {"got": 3, "allowed": 3}, {"got": [], "allowed": []}, {"curve": [1]}]
)
def test_only_dependency_matrices_are_drawn(picture: dict | None) -> None:  # type: ignore[type-arg]
    assert dependency_picture(picture) is None


def test_a_picture_shows_what_is_used_forbidden_and_missing() -> None:
    drawn = dependency_picture(
        {"got": [[True, True], [False, False]], "allowed": [[True, False], [True, False]]}
    )
    assert drawn is not None
    assert {kind: drawn.count(f'"{kind}"') for kind in ("used", "forbidden", "cross", "missing", "none")} == {
        "used": 1,
        "forbidden": 1,
        "cross": 1,
        "missing": 1,
        "none": 1,
    }


@pytest.mark.parametrize(("columns", "numbers"), [(24, [*range(2), *range(24)]), (25, [])])
def test_rows_and_columns_are_numbered_while_there_is_room(columns: int, numbers: list[int]) -> None:
    drawn = dependency_picture({"got": [[True] * columns] * 2, "allowed": [[True] * columns] * 2})
    assert drawn is not None
    assert [int(number) for number in re.findall(r">(\d+)</text>", drawn)] == numbers
