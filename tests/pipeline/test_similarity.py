"""Copies are found through new names and comments; what is right, blank or given looks like nobody's."""

import builtins
import io
import keyword
import tokenize
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgm_course.homework.course import homework
from grading.pipeline.material.bank import right_styles
from grading.pipeline.material.notebooks import reference_cells, release_notebook
from grading.pipeline.pages.similarity import NOTABLE, similar_pairs

HW1 = homework("hw1")
REFERENCE = reference_cells(HW1)
SKELETONS = {cell.id: cell.source for cell in release_notebook(HW1).cells if cell.id in REFERENCE}
STYLES = {"reference": REFERENCE, **right_styles(HW1)}


KEPT = ("self", *dir(builtins))


def renamed(source: str) -> str:
    """The same code with every name of its own another, no comments, and other spaces."""
    tokens = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        text = token.string
        if token.type == tokenize.NAME and not keyword.iskeyword(text) and text not in KEPT:
            text = "my_" + text[::-1]
        if token.type != tokenize.COMMENT:
            tokens.append((token.type, text))
    return tokenize.untokenize(tokens)


def test_a_copy_with_other_names_is_found() -> None:
    copy = {task: renamed(source) for task, source in REFERENCE.items()}
    assert "def my_sksam_edam" in copy["made"]
    (pair,) = similar_pairs(HW1, {"alice": REFERENCE, "mallory": copy, "student-01": STYLES["loops"]})
    assert pair.students == ("alice", "mallory")
    assert pair.share > 0.9
    assert set(pair.tasks) == set(REFERENCE)
    assert pair.excerpts[0].removesuffix("\n…") in REFERENCE[pair.task]
    assert pair.excerpts[1].removesuffix("\n…") in copy[pair.task]


def test_one_long_task_that_is_copied_is_found() -> None:
    (pair,) = similar_pairs(
        HW1, {"alice": REFERENCE, "mallory": STYLES["loops"] | {"made": REFERENCE["made"]}}
    )
    assert pair.share < NOTABLE
    assert pair.tasks == {"made": 1.0}
    assert "def made_masks" in pair.excerpts[0] or len(pair.excerpts[0].splitlines()) > 10


@pytest.mark.parametrize(("one", "other"), combinations(STYLES, 2))
def test_right_versions_written_independently_are_not_alike(one: str, other: str) -> None:
    assert similar_pairs(HW1, {one: STYLES[one], other: STYLES[other]}) == []


def test_the_skeleton_and_blank_cells_are_nobodys_text() -> None:
    blank = dict.fromkeys(REFERENCE, "")
    assert similar_pairs(HW1, {"a": SKELETONS, "b": SKELETONS, "c": blank, "d": blank, "e": {}}) == []
    half = SKELETONS | {"histogram": REFERENCE["histogram"]}
    other = SKELETONS | {"histogram": STYLES["loops"]["histogram"]}
    assert similar_pairs(HW1, {"a": half, "b": other, "c": SKELETONS}) == []


def test_one_short_formula_is_no_evidence() -> None:
    formula = "def f(x, mean, scale):\n    return -0.5 * ((x - mean) / scale) ** 2 - scale.log() - 0.9189\n"
    one, other = (SKELETONS | {"histogram": formula, "markov": extra} for extra in ("a = 1", "b = [2]"))
    assert similar_pairs(HW1, {"a": one, "b": other}) == []


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.text(max_size=300))
def test_any_text_can_be_compared(text: str) -> None:
    one_task = replace(HW1, tasks=(HW1.task("made"),))
    hostile, copied = ({"made": text + REFERENCE["made"] + text}, {"made": REFERENCE["made"] + text})
    for pair in similar_pairs(one_task, {"a": hostile, "b": copied, "c": {"made": text}}):
        assert pair.students == ("a", "b")
        assert all(pair.excerpts)


def test_no_line_is_so_long_that_reading_it_takes_a_minute() -> None:
    source = "x = " + " + ".join(REFERENCE["made"].split()) + "\ny = '%" + "0" * 10_000
    (pair,) = similar_pairs(HW1, {"alice": {"made": source}, "mallory": {"made": source}})
    assert max(map(len, pair.cells[0].raw_code.split("\n"))) <= 500
    assert pair.share == 1
