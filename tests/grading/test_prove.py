"""The short proof: every wrong version fails on its own task, every right style passes, no hidden test is idle."""

import ast
import json

import pytest

from dgm_course.homework.course import HOMEWORKS, homework
from grading.pipeline.marking.suite import HIDDEN
from grading.pipeline.material.bank import misconceptions, proof_path, right_styles
from grading.pipeline.proof.prove import Proof, prove


@pytest.fixture(params=HOMEWORKS)
def work(request):
    return homework(request.param)


def test_every_wrong_version_is_rejected_as_the_kept_proof_says_and_every_right_one_is_not(work):
    short = prove(work, full=False)
    assert short.breaches() == []
    kept = json.loads(proof_path(work).read_text(encoding="utf-8"))
    assert kept["breaches"] == []
    assert {(row["name"], *row["fails"]) for row in kept["wrong"]} == {
        (row["name"], *row["fails"]) for row in short.wrong
    }


def test_one_task_alone():
    """What an author runs: all of one task's wrong versions, and each right version of it."""
    work = homework("hw1")
    task = work.task("histogram")
    alone = prove(work, full=False, only=task)
    assert alone.breaches() == []
    assert {row["name"] for row in alone.wrong} == {each.name for each in misconceptions(work, task)}
    assert {row["style"] for row in alone.right} == {"reference", *right_styles(work)}


def test_every_task_has_three_wrong_versions_and_the_homework_three_right_styles(work):
    for task in work.tasks:
        assert len(list(misconceptions(work, task))) >= 3, task.id
    assert len(right_styles(work)) >= 3


def test_every_wrong_version_explains_itself(work):
    for each in misconceptions(work):
        title, _, rest = each.explanation.partition("\n")
        assert title.endswith("."), each.path
        assert len(rest.split()) >= 15, each.path


def test_hidden_tests_carry_the_points_of_their_task_and_a_line_for_the_student(work):
    for task in work.tasks:
        tree = ast.parse((HIDDEN / work.id / f"test_{task.stem}.py").read_text(encoding="utf-8"))
        tests = [
            node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        ]
        marks = [ast.literal_eval(mark.args[0]) for node in tests for mark in node.decorator_list]
        assert sum(marks) == task.points, task.id
        assert len(marks) == len(tests), task.id
        assert all(ast.get_docstring(node) for node in tests), task.id


WRONG = {"task": "made", "name": "w", "fails": ["t"], "elsewhere": []}


@pytest.mark.parametrize(
    ("proof", "sentence"),
    [
        (Proof("hw1", wrong=[WRONG | {"fails": []}]), "made/w keeps all its points"),
        (Proof("hw1", wrong=[WRONG | {"elsewhere": ["train"]}]), "made/w also loses points on train"),
        (
            Proof("hw1", right=[{"style": "loops", "seed": "3", "fails": ["made::t"]}]),
            "right version loops fails made::t with seed 3",
        ),
        (Proof("hw1", idle_tests=["made::t"]), "made::t rejects no wrong version"),
    ],
)
def test_each_claim_can_break(proof, sentence):
    assert proof.breaches() == [sentence]
