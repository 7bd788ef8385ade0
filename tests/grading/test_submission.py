"""One hand-in: the score is what passed, whatever was handed in and whatever it does while it is graded."""

from dataclasses import replace

import nbformat
import pytest
import torch

from grading.pipeline.course.keys import course_key
from grading.pipeline.marking.results import result_path, write_result
from grading.pipeline.marking.submission import grade_submission, stored_result
from grading.pipeline.marking.suite import HiddenSuite, bounded_memory
from grading.pipeline.material.bank import hand_in, misconceptions, right_styles
from grading.pipeline.material.notebooks import reference_cells
from grading.sandbox.client import SandboxError

SECRET = b"test"


def grade(work, sandbox, notebook, *tasks, student="student-01"):
    content = notebook if isinstance(notebook, bytes) else nbformat.writes(notebook).encode()
    chosen = tuple(work.task(name) for name in tasks) or None
    return grade_submission(work, student, content, sandbox, SECRET, chosen)


def test_reference_earns_every_point_of_the_cheap_tasks(work, sandbox):
    cheap = [task.id for task in work.tasks if task.id != "train"]
    result = grade(work, sandbox, hand_in(work), *cheap)
    assert [(task.id, task.score) for task in result.tasks] == [
        (name, float(work.task(name).points)) for name in cheap
    ]


def test_warnings_and_prints_cost_nothing(work, sandbox):
    shout = "import sys, warnings\nwarnings.warn('w')\nprint('e', file=sys.stderr)\nprint('o')\n"
    notebook = hand_in(work, {"histogram": shout + reference_cells(work)["histogram"]})
    assert grade(work, sandbox, notebook, "histogram").score == 6


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\x00" * 1000, b'{"cells": 3}'])
def test_any_bytes_get_a_score_and_a_reason(work, sandbox, content):
    result = grade(work, sandbox, content, "histogram")
    assert result.score == 0
    assert result.notes


@pytest.mark.parametrize(
    "prelude",
    ["import os; os._exit(0)", "import ctypes; ctypes.string_at(0)", "raise KeyboardInterrupt", "1/0"],
)
def test_a_cell_that_ends_its_process_costs_its_own_task_only(work, sandbox, prelude):
    notebook = hand_in(work, {"histogram": prelude + "\n" + reference_cells(work)["histogram"]})
    result = grade(work, sandbox, notebook, "histogram", "made")
    assert (result.task("histogram").score, result.task("made").score) == (0, 12)
    assert all(test.got for test in result.task("histogram").tests)


def test_what_a_later_cell_does_to_an_earlier_task_costs_nothing(work, sandbox):
    spoiled = "fit_histogram = None\ntorch.set_default_dtype(torch.float16)\n" + reference_cells(work)["made"]
    result = grade(work, sandbox, hand_in(work, {"made": spoiled}), "histogram", "made")
    assert result.task("histogram").score == 6


def test_no_output_holds_the_inputs_of_an_earlier_task(work, sandbox):
    listen = "\nSEEN, fit = [], fit_histogram\ndef fit_histogram(*args, **kwargs):\n"
    listen += "    SEEN.append(args)\n    return fit(*args, **kwargs)\n"
    cells = reference_cells(work)
    notebook = hand_in(
        work, {"histogram": cells["histogram"] + listen, "made": cells["made"] + "\nprint(SEEN)\n"}
    )
    result = grade(work, sandbox, notebook, "histogram", "made")
    assert result.score == 18
    (output,) = result.task("made").outputs
    assert output["text"] == "[]\n"


def test_follow_through_gives_a_later_task_the_reference(work, sandbox):
    broken = next(each for each in misconceptions(work) if each.task.id == "made")
    result = grade(work, sandbox, hand_in(work, {"made": broken.source}), "made", "conditional")
    assert result.task("made").score < 12
    assert result.task("conditional").score == 6


def test_follow_through_helps_no_blank_task(work, sandbox):
    result = grade(work, sandbox, hand_in(work, solved=False), "made", "conditional")
    assert result.score == 0


def test_follow_through_shows_nothing_of_the_reference(work, sandbox):
    spy = "try:\n    import inspect\n    print(inspect.getsource(MADE), In)\nexcept Exception:\n    pass\n"
    cells = {"made": "MADE = None", "conditional": spy + reference_cells(work)["conditional"]}
    result = grade(work, sandbox, hand_in(work, cells), "made", "conditional")
    assert result.task("conditional").follow_through == ("made",)
    assert result.task("conditional").outputs == ()


def test_follow_through_says_nothing_that_came_from_the_worker(work, sandbox):
    """The reference lies there: an exception in it names a line that the student never saw, and a value may hold it."""
    stumble = "\ndef nats_to_bits_per_dim(nats, num_dims):\n    return MADE(None)\n"
    cells = {"made": "MADE = None", "conditional": reference_cells(work)["conditional"] + stumble}
    task = grade(work, sandbox, hand_in(work, cells), "made", "conditional").task("conditional")
    assert task.follow_through == ("made",)
    (failed,) = (test for test in task.tests if not test.passed)
    assert failed.got.startswith("something else; no details")
    assert failed.picture is None


def test_time_spent_on_dying_is_the_tasks(work, sandbox):
    """Each death begins a new worker, but not a new budget."""
    die = "import os, time\ndef fit_histogram(*args, **kwargs):\n"
    die += "    while time.process_time() < 0.6: pass\n    os._exit(0)\n"
    short = replace(work, tasks=(replace(work.task("histogram"), cpu_seconds=1.0),))
    suite = HiddenSuite(sandbox, short, hand_in(work, {"histogram": die}), student="s", secret=SECRET)
    run = suite.grade(short.tasks)["histogram"]
    assert any("the budget of this task is spent" in test.expected for test in run.tests)


def test_an_answer_that_multiplies_fails_its_test_alone():
    with bounded_memory(), pytest.raises(RuntimeError, match="allocate"):
        torch.zeros(2**20, 1) + torch.zeros(2**11)
    assert len(torch.zeros(2**20)) == 2**20


def test_a_broken_sandbox_costs_nobody_points(work, sandbox, monkeypatch):
    def broken(*args, **kwargs):
        raise SandboxError("The sandbox's own process died: look for a lack of memory.")

    monkeypatch.setattr(sandbox, "worker", broken)
    with pytest.raises(SandboxError):
        grade(work, sandbox, hand_in(work), "histogram")


def test_secret_inputs_differ_by_student_and_come_again_for_the_same(work, sandbox):
    wrong = next(each for each in misconceptions(work) if each.name == "bits")
    notebook = hand_in(work, {"histogram": wrong.source})
    seen = [
        [test.got for test in grade(work, sandbox, notebook, "histogram", student=name).tasks[0].tests]
        for name in ("student-01", "student-01", "student-02")
    ]
    assert seen[0] == seen[1] != seen[2]


def test_a_misconception_of_the_bank_is_named(work, sandbox):
    wrong = next(each for each in misconceptions(work) if each.name == "mask_written_into_weights")
    task = grade(work, sandbox, hand_in(work, {"made": wrong.source}), "made").task("made")
    assert task.misconception == wrong.explanation


def test_a_blank_task_has_no_misconception(work, sandbox):
    result = grade(work, sandbox, hand_in(work, solved=False), "discretized-logistic", "made")
    assert [task.misconception for task in result.tasks] == [None, None]


def test_a_stored_result_serves_until_bytes_or_isolation_change(work, sandbox, tmp_path):
    content = nbformat.writes(hand_in(work, solved=False)).encode()
    result = grade(work, sandbox, content, "histogram")
    key = course_key(tmp_path)
    write_result(result, result_path(tmp_path, "hw1", "student-01"), key)

    def stored(content, isolation):
        return stored_result(tmp_path, work, "student-01", content, isolation, key)

    assert stored(content, sandbox.isolation) == result
    assert stored(content + b" ", sandbox.isolation) is None
    assert stored(content, "UNISOLATED") is None


def test_right_styles_cover_every_task(work):
    for style, cells in right_styles(work).items():
        assert set(cells) == {task.id for task in work.tasks}, style
