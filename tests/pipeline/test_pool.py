"""The pool: a hand-in that takes its grading process with it costs no other hand-in anything."""

import multiprocessing
import os
from concurrent.futures.process import BrokenProcessPool

import nbformat

from dgm_course.homework.course import homework
from grading.pipeline.marking.transcripts import Graded
from grading.pipeline.material.bank import hand_in
from grading.pipeline.running.pool import Job, grade_all


class Deadly(bytes):
    """Kills whatever process it arrives in."""

    def __reduce__(self):
        return os._exit, (1,)


def test_a_dead_grading_process_costs_one_hand_in():
    content = nbformat.writes(hand_in(homework("hw1"), {})).encode()
    contents = {"student-01": Deadly(), "student-02": content}
    jobs = [Job("hw1", student, content, ("histogram",)) for student, content in contents.items()]
    outcomes = {job.student: outcome for job, outcome in grade_all(jobs, b"secret", processes=1)}
    assert isinstance(outcomes.pop("student-01"), BrokenProcessPool)
    graded = outcomes.pop("student-02")
    assert isinstance(graded, Graded)
    assert graded.result.score == graded.result.max_score
    assert not outcomes


def test_a_killed_grading_process_costs_no_points_and_grades_nothing_twice():
    work = homework("hw1")
    right, blank = (nbformat.writes(hand_in(work, solved=solved)).encode() for solved in (True, False))
    contents = {"student-01": right, "student-02": right, "student-03": blank, "student-04": right}
    jobs = [Job("hw1", student, content, ("histogram",)) for student, content in contents.items()]
    scores = []
    for job, outcome in grade_all(jobs, b"secret", processes=1):
        assert isinstance(outcome, Graded)
        scores.append((job.student, outcome.result.score))
        if len(scores) == 1:  # two more are in hand
            (process,) = multiprocessing.active_children()
            process.kill()
    full = outcome.result.max_score
    assert scores == [("student-01", full), ("student-02", full), ("student-03", 0.0), ("student-04", full)]
