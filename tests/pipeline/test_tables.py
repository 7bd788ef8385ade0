"""The class table shows who has which points and what an instructor should look at."""

import io
from dataclasses import replace

from rich.console import Console

from grading.pipeline.marking.results import Result
from grading.pipeline.pages.tables import class_table, flags, proof_table
from grading.pipeline.proof.prove import Proof


def _printed(show: object, *arguments: object) -> str:
    text = io.StringIO()
    show(*arguments, Console(file=text, width=160))  # type: ignore[operator]
    return text.getvalue()


def test_points_totals_and_means(result: Result) -> None:
    full = replace(result.tasks[1].tests[1], passed=True)
    best = replace(result.tasks[1], tests=(result.tasks[1].tests[0], full))
    text = _printed(class_table, [result, replace(result, student="bob", tasks=(result.tasks[0], best))])
    lines = [line.split() for line in text.splitlines()]
    assert ["ada", "4", "2↓", "6", "follow-through", "in", "2"] in lines
    assert ["bob", "4", "6", "10", "follow-through", "in", "2"] in lines
    assert ["mean", "4.0", "4.0", "8.0"] in lines
    assert "1 count (4), 2 sum (6)" in text


def test_what_is_unusual_is_flagged(result: Result) -> None:
    assert flags(replace(result, tasks=result.tasks[:1])) == []
    slow = replace(result.tasks[0], cpu_seconds=19.0)
    wrong = replace(result.tasks[1], misconception="Transposed mask.\n\nWhy.", follow_through=())
    odd = replace(result, isolation="UNISOLATED", notes=("The file is empty.",), tasks=(slow, wrong))
    assert flags(odd) == ["NOT CONFINED", "file: 1 note", "2: Transposed mask", "near the CPU budget in 1"]


def test_an_empty_class_is_said() -> None:
    assert "No hand-in" in _printed(class_table, [])


def test_markup_in_words_is_not_run(result: Result) -> None:
    wrong = replace(result.tasks[1], misconception="[bold]Mask[/bold] [link=x]")
    assert "[bold]Mask[/bold] [link=x]" in _printed(
        class_table, [replace(result, tasks=(result.tasks[0], wrong))]
    )


def test_a_proof_shows_its_breaches() -> None:
    row = {"task": "sum", "number": 2, "name": "mean_for_sum", "score": 6.0, "points": 6, "elsewhere": []}
    proof = Proof("hw1", wrong=[row | {"fails": []}], right=[{"style": "loops", "seed": "0", "fails": []}])
    text = _printed(proof_table, proof)
    assert "mean for sum" in text
    assert "right version loops: full marks in 1 of 1 runs" in text
    assert "sum/mean_for_sum keeps all its points" in text
    proof.wrong[0]["fails"] = ["test_total"]
    assert "Every claim about the hidden tests holds." in _printed(proof_table, proof)
