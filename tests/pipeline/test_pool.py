"""The pool: a hand-in that takes its grading process with it costs no other hand-in anything."""

import os
from concurrent.futures.process import BrokenProcessPool

import nbformat

from dgm_course.homework.course import homework
from grading.pipeline.bank import hand_in
from grading.pipeline.pool import Job, grade_all
from grading.pipeline.transcripts import Graded


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
