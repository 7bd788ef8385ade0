"""Grade a class: what has no current result is graded, by processes or by a cluster, and written as it comes.

The files below `results/` are the only state: a hand-in whose result is there and current is not graded again,
and a crash loses at most what was in hand.
"""

import errno
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from dgm_course.homework.course import Homework
from grading.pipeline.course.drafts import sweep
from grading.pipeline.course.keys import course_key, subkey
from grading.pipeline.handins.submitted import submitted_bytes, submitted_path, submitted_students
from grading.pipeline.marking.results import Result
from grading.pipeline.marking.submission import stored_result
from grading.pipeline.marking.transcripts import Graded, keep
from grading.pipeline.running.pool import Job, Progress, grade_all
from grading.sandbox.client import Sandbox

WRITTEN = ("submitted", "results", "transcripts", "autograded", "feedback")


def run_class(
    course: Path,
    work: Homework,
    *,
    processes: int | None = None,
    isolation: str = "auto",
    trusted: bool = False,
    force: bool = False,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> tuple[list[Result], dict[str, Exception]]:
    """Grade every collected hand-in of a homework that has no current result, and write the results.

    `scheduler` is the address of a Dask scheduler whose workers grade in place of processes on this machine.
    Returns all results in the order of student names, and the hand-ins that could not be graded with the reason.
    `progress(done, total, student)` is called after each hand-in.
    """
    key = course_key(course)
    secret = subkey(key, "inputs")
    grade_jobs: Callable[[Iterable[Job]], Iterator[tuple[Job, Graded | Exception]]]
    with ExitStack() as stack:
        if scheduler:
            from grading.pipeline.running.cluster import Cluster

            cluster = stack.enter_context(Cluster(scheduler, isolation, trusted))
            level, grade_jobs = cluster.isolation(), partial(cluster.grade_all, secret=secret)
        else:
            with Sandbox(isolation=isolation, trust=trusted) as sandbox:  # refuse before any work
                isolation, level = sandbox.level, sandbox.isolation
            grade_jobs = partial(
                grade_all, secret=secret, processes=processes, isolation=isolation, trusted=trusted
            )
        for folder in WRITTEN:
            sweep(course / folder)
        students = submitted_students(course, work.id)
        results: dict[str, Result] = {}
        failures: dict[str, Exception] = {}
        stale = []
        for student in students:
            content = submitted_bytes(submitted_path(course, work.id, student))
            old = None if force else stored_result(course, work, student, content, level, key)
            if old:
                results[student] = old
            else:
                stale.append(student)
        jobs = (
            Job(work.id, student, submitted_bytes(submitted_path(course, work.id, student)))
            for student in stale
        )
        for job, outcome in grade_jobs(jobs):
            if isinstance(outcome, OSError) and outcome.errno in (errno.ENOSPC, errno.EDQUOT):
                raise outcome  # no hand-in's fault, nor better with the next one
            if isinstance(outcome, Exception):
                failures[job.student] = outcome
            else:
                keep(outcome, course, key)
                results[job.student] = outcome.result
            if progress:
                progress(len(results) + len(failures), len(students), job.student)
    return [results[student] for student in sorted(results)], failures
