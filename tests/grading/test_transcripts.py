"""Kept answers judged again: the same tests say the same, changed points and tolerances count, new questions do not."""

import shutil
import sys

import nbformat
import pytest

from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.course.keys import course_key, subkey
from grading.pipeline.handins.submitted import submitted_path
from grading.pipeline.marking import submission, suite
from grading.pipeline.marking.results import read_result, result_path
from grading.pipeline.marking.submission import suite_fingerprint
from grading.pipeline.marking.transcripts import (
    grade,
    keep,
    regrade,
    regrade_one,
    replay,
    transcript_path,
    unanswered,
)
from grading.pipeline.material.bank import hand_in
from grading.pipeline.material.notebooks import reference_cells
from grading.sandbox.transcript import Transcript

TASKS = ("histogram", "made", "conditional")
SLOPPY = "\n_fit = fit_softmax_histogram\ndef fit_softmax_histogram(x, K, num_steps, learning_rate):\n"
SLOPPY += "    return _fit(x, K, num_steps=min(num_steps, 3), learning_rate=learning_rate)\n"
CHANGES = {
    "right": {},
    "sloppy": {"histogram": SLOPPY},
    "broken": {"made": "\nMADE = None\n"},
    "crashing": {"histogram": "\ndef histogram_nll(log_q, x):\n    import os\n    os._exit(1)\n"},
}


@pytest.fixture
def put(work, sandbox, tmp_path):
    """Hands in and grades the reference with these additions."""

    def graded(student):
        cells = reference_cells(work)
        cells |= {task: cells[task] + more for task, more in CHANGES[student].items()}
        content = nbformat.writes(hand_in(work, cells)).encode()
        write_atomically(submitted_path(tmp_path, "hw1", student), content)
        key = course_key(tmp_path)
        tasks = tuple(work.task(name) for name in TASKS)
        outcome = grade(work, student, content, sandbox, subkey(key, "inputs"), tasks)
        keep(outcome, tmp_path, key)
        return outcome.result

    return graded


@pytest.fixture
def edit(tmp_path, monkeypatch):
    """Changes the hidden tests of task 1, in a copy."""
    hidden = tmp_path / "hidden"
    shutil.copytree(suite.HIDDEN, hidden)
    monkeypatch.setattr(suite, "HIDDEN", hidden)
    monkeypatch.setattr(submission, "HIDDEN", hidden)
    path = hidden / "hw1" / "test_01_histogram.py"

    def change(old, new):
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        for name in [name for name in sys.modules if name.endswith(path.stem)]:
            monkeypatch.delitem(sys.modules, name)  # pytest imports a test file once a process
        suite_fingerprint.cache_clear()

    yield change
    suite_fingerprint.cache_clear()


@pytest.mark.parametrize("student", CHANGES)
def test_the_same_tests_say_the_same(work, tmp_path, put, student):
    before = put(student)
    old, new, transcript = replay(tmp_path, work, student, course_key(tmp_path))
    assert old == new == before
    assert (before.score == before.max_score) == (student == "right")
    assert transcript.sessions


def test_a_graded_hand_in_leaves_no_frames_in_memory(work, sandbox, monkeypatch):
    kept = []
    dump = Transcript.dump
    monkeypatch.setattr(Transcript, "dump", lambda transcript: kept.append(transcript) or dump(transcript))
    content = nbformat.writes(hand_in(work)).encode()
    packed = grade(work, "student-01", content, sandbox, b"secret", (work.task("histogram"),)).transcript
    (transcript,) = kept
    assert Transcript.load(packed).sessions[0].exchanges
    assert not any(session.exchanges for session in transcript.sessions)


def stored(tmp_path, student):
    return read_result(result_path(tmp_path, "hw1", student), course_key(tmp_path))


def test_changed_points_count(work, tmp_path, put, edit):
    before = put("crashing")
    edit("@pytest.mark.points(2)", "@pytest.mark.points(3)")
    _, old, new = regrade_one(tmp_path, "hw1", course_key(tmp_path), "crashing")
    assert (old, new) == (before.score, before.score + 1)
    assert stored(tmp_path, "crashing").suite_sha256 != before.suite_sha256
    assert stored(tmp_path, "crashing").score == new


def test_a_wider_tolerance_counts(work, tmp_path, put, edit):
    before = put("sloppy")
    edit("tolerance=1e-3", "tolerance=10.0")
    _, old, new = regrade_one(tmp_path, "hw1", course_key(tmp_path), "sloppy")
    assert (old, new) == (before.score, before.score + 1)
    assert not stored(tmp_path, "sloppy").task("histogram").tests[2].got


def test_a_new_question_keeps_the_old_result_and_marks_it_stale(work, tmp_path, put, edit):
    before = put("right")
    edit("(400, 1.0)", "(500, 1.0)")
    _, new, _ = replay(tmp_path, work, "right", course_key(tmp_path))
    assert unanswered(new) == ["histogram"]
    _, _, why = regrade_one(tmp_path, "hw1", course_key(tmp_path), "right")
    assert "never asked" in why
    assert stored(tmp_path, "right") == before
    assert before.suite_sha256 != suite_fingerprint(work)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda course: transcript_path(course, "hw1", "right").unlink(), "missing"),
        (lambda course: transcript_path(course, "hw1", "right").write_bytes(b"x"), "not of this result"),
        (lambda course: submitted_path(course, "hw1", "right").write_bytes(b"{}"), "another file"),
        (lambda course: result_path(course, "hw1", "right").write_bytes(b"{}"), "delete it and grade again"),
    ],
)
def test_what_does_not_belong_together_is_not_judged(tmp_path, put, damage, why):
    put("right")
    damage(tmp_path)
    _, _, reason = regrade_one(tmp_path, "hw1", course_key(tmp_path), "right")
    assert why in reason


def test_a_class_is_judged_in_processes(work, tmp_path, put):
    scores = {student: put(student).score for student in ("right", "broken")}
    outcomes = {student: new for student, _, new in regrade(tmp_path, work, processes=1)}
    assert outcomes == scores
