"""Item analysis: difficulty and discrimination are what test theory calls so."""

from dataclasses import replace

import numpy as np
import pytest

from dgm_course.homework.course import Homework
from grading.pipeline.grades.ledger import Ledger
from grading.pipeline.marking.results import Result
from grading.pipeline.pages.items import final_scores, items, misconception_counts, near_budget, test_rates

SCORES = [{"count": 4, "sum": 6}, {"count": 4, "sum": 2}, {"count": 0, "sum": 3}, {"count": 2, "sum": 0}]


def test_difficulty_and_full_marks(work: Homework) -> None:
    count, total = items(work, SCORES)
    assert (count.mean_share, count.full_marks) == (2.5 / 4, 0.5)
    assert (total.mean_share, total.full_marks) == (2.75 / 6, 0.25)


def test_discrimination_leaves_the_task_out_of_the_total(work: Homework) -> None:
    count = np.array([each["count"] for each in SCORES])
    total = np.array([each["sum"] for each in SCORES])
    expected = np.corrcoef(count, total)[0, 1]
    assert expected != pytest.approx(np.corrcoef(count, count + total)[0, 1], abs=0.1)
    assert [item.discrimination for item in items(work, SCORES)] == pytest.approx([expected] * 2)


@pytest.mark.parametrize("scores", [SCORES[:1], [{"count": 4, "sum": each["sum"]} for each in SCORES]])
def test_what_is_constant_discriminates_nobody(work: Homework, scores: list[dict[str, float]]) -> None:
    assert [item.discrimination for item in items(work, scores)] == [None, None]


def test_points_changed_by_hand_count(result: Result) -> None:
    assert final_scores(result, None) == {"count": 4, "sum": 2}
    assert final_scores(result, Ledger({"count": 1.0, "sum": 2.0}, {}, None, 0.0, 0.0)) == {
        "count": 1,
        "sum": 2,
    }


def test_pass_rates_are_over_hand_ins(result: Result) -> None:
    passing = replace(result.tasks[1], tests=tuple(replace(t, passed=True) for t in result.tasks[1].tests))
    rates = test_rates([result, result, result, replace(result, tasks=(result.tasks[0], passing))])
    assert [(rate.task, rate.title, rate.points, rate.rate) for rate in rates] == [
        ("count", "Counts are exact.", 4, 1.0),
        ("sum", "The shape is kept.", 2, 1.0),
        ("sum", "It sums to one.", 4, 0.25),
    ]


def test_misconceptions_are_counted_by_task_and_title(result: Result) -> None:
    def named(title: str) -> Result:
        return replace(
            result, tasks=(result.tasks[0], replace(result.tasks[1], misconception=f"{title}\n\nWhy."))
        )

    counts = misconception_counts([result, named("Mean."), named("Mask."), named("Mask.")])
    assert [(task.id, title, number) for task, title, number in counts] == [
        ("sum", "Mask.", 2),
        ("sum", "Mean.", 1),
    ]


def test_what_comes_near_a_budget_is_said(result: Result) -> None:
    task = result.tasks[0]
    assert near_budget(task) == []
    spent = replace(task, cpu_seconds=17.0, busy_seconds=119.0, peak_memory_mib=2000.0)
    assert near_budget(spent) == ["CPU time 17 of 20 s", "clock 119 of 120 s", "memory 2000 of 2048 MiB"]
