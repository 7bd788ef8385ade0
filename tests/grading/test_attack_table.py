"""The kept table of attacks holds every attack of today, none of which earned anything."""

import re

import pytest

from dgm_course.homework.course import HOMEWORKS, homework
from grading.pipeline.handins.collect import Collected
from grading.pipeline.marking.results import Result, TaskResult, TestResult
from grading.pipeline.material.attacks import attacks, tries
from grading.pipeline.proof import attacks as module
from grading.pipeline.proof.attacks import Attempt, keep_attempts, stopped_by, table_path

TAKEN = Collected("mallory.ipynb", True, "mallory, taken")


def result(*tests: TestResult, notes: tuple[str, ...] = ()) -> Result:
    task = TaskResult("histogram", 1, "Histograms", 6.0, tests)
    return Result("hw1", "mallory", 6.0, (task,), notes, "landlock", *["0" * 64] * 4)


@pytest.mark.parametrize(
    "work", [work for work in map(homework, HOMEWORKS) if attacks(work)], ids=lambda work: work.id
)
def test_the_table_is_of_this_bank_and_says_zero(work):
    lines = table_path(work).read_text(encoding="utf-8").partition("|---|---|---|---|\n")[2].splitlines()
    rows = [re.fullmatch(r"\| (\w+) \| (.*?) \| (\S+) \| (.+) \|", line).groups() for line in lines]
    assert [(name, said) for name, said, _, _ in rows] == [
        (path.stem, escaped(tries(path))) for path in attacks(work)
    ]
    assert {score for _, _, score, _ in rows} == {"0"}
    assert all(stopped.strip() for *_, stopped in rows)


def escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


@pytest.mark.parametrize(
    ("collected", "graded", "said"),
    [
        (Collected("x.zip", False, "no notebook in it"), result(), "not collected: no notebook in it"),
        (TAKEN, result(notes=("A cell was tagged.", "Another.")), "rebuilt: A cell was tagged."),
        (
            TAKEN,
            result(
                TestResult("a", "A", 1, False, kind="unwritten"),
                TestResult("b", "B", 1, False, got="nan", kind="property"),
            ),
            "property: nan",
        ),
        (
            TAKEN,
            result(
                TestResult("a", "A", 1, False, got="no train_flow in the notebook", kind="missing"),
                TestResult("b", "B", 1, True),
                TestResult("c", "C", 1, False, got="2.4", kind="property"),
            ),
            "property: 2.4",
        ),
        (
            TAKEN,
            result(TestResult("a", "A", 1, False, got="no train_flow in the notebook", kind="missing")),
            "missing: no train_flow in the notebook",
        ),
        (
            TAKEN,
            result(TestResult("a", "A", 1, False, kind="unwritten")),
            "it ran confined, or not at all, and what the tests ask is still not written",
        ),
    ],
)
def test_what_stopped_an_attack_is_the_first_thing_that_went_wrong(collected, graded, said):
    assert stopped_by(collected, graded) == said


def test_an_attack_cannot_break_the_table(work, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ATTACKS", tmp_path)
    (tmp_path / "hw1").mkdir()
    keep_attempts([Attempt("a", "Use | and <b>", 0.0, "two\nlines\u202e")], work)
    assert (tmp_path / "hw1" / "table.md").read_text().splitlines()[
        -1
    ] == r"| a | Use \| and &lt;b> | 0 | two lines\u202e |"
