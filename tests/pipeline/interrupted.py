"""A run of one process that grades the first task only and says what happens, so that a test can kill it anywhere.

    python interrupted.py COURSE STOP

prints "at STUDENT" before a result is put in place, and there waits for ever at the student STOP.
"""

import os
import signal
import sys
from pathlib import Path

from dgm_course.homework.course import homework
from grading.pipeline.course import drafts
from grading.pipeline.running import pool, run
from grading.sandbox import client

COURSE, STOP = Path(sys.argv[1]), sys.argv[2]
grade, replace = pool.grade, os.replace


def grade_first_task(work, student, content, sandbox, secret, tasks=None):
    return grade(work, student, content, sandbox, secret, work.tasks[:1])


def replace_or_wait(draft, path):
    if path.suffix == ".json":
        print("at", path.stem, flush=True)
        if path.stem == STOP:
            signal.pause()
    replace(draft, path)


# The pool's processes import this file too.
pool.grade = grade_first_task
client._proved.add("landlock")  # that nobody escapes is shown elsewhere

if __name__ == "__main__":
    drafts.os.replace = replace_or_wait
    run.Sandbox.__enter__ = lambda sandbox: sandbox  # the run's own sandbox opens for that proof only
    run.run_class(COURSE, homework("hw1"), processes=1, isolation="landlock")
