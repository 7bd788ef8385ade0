"""Grade many hand-ins on all cores: one process a core, each with a sandbox of its own.

The files below `results/` are the only state: a hand-in whose result is there and current is not graded again,
and a crash loses at most what was in hand.
"""

import errno
import itertools
import multiprocessing
import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from dgm_course.homework.course import Homework, homework
from grading.pipeline.drafts import sweep
from grading.pipeline.keys import course_key, subkey
from grading.pipeline.results import Result
from grading.pipeline.submission import stored_result
from grading.pipeline.submitted import submitted_bytes, submitted_path, submitted_students
from grading.pipeline.transcripts import Graded, grade, keep
from grading.sandbox.client import Sandbox, SandboxError

WRITTEN = ("submitted", "results", "transcripts", "autograded", "feedback")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Job:
    """One hand-in to grade; `tasks` restricts it to some task ids."""

    homework: str
    student: str
    content: bytes
    tasks: tuple[str, ...] | None = None


_sandbox: Sandbox | None = None


def stay_on(core: int) -> None:
    """Keep this process, and the sandbox it is going to open, on one core.

    Grader and worker take turns; on one core a turn is passed in half the time that waking another core takes.
    """
    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)


def _open_sandbox(cores: "multiprocessing.SimpleQueue[int]", isolation: str, trusted: bool) -> None:
    global _sandbox
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    stay_on(cores.get())
    _sandbox = Sandbox(isolation=isolation, trust=trusted)


def _end_with_the_run() -> None:
    """When the run is killed nobody tells its processes; their sandboxes end and sweep when they do."""
    run = multiprocessing.parent_process()
    assert run is not None
    run.join()
    os._exit(1)


def grade_job(job: Job, sandbox: Sandbox, secret: bytes) -> Graded:
    """The result of one job, from a sandbox of this process."""
    work = homework(job.homework)
    tasks = tuple(work.task(name) for name in job.tasks) if job.tasks else None
    try:
        return grade(work, job.student, job.content, sandbox, secret, tasks)
    except SandboxError:  # killed from outside, it opens anew; what breaks it again is not by chance
        return grade(work, job.student, job.content, sandbox, secret, tasks)


def _grade(job: Job, secret: bytes) -> Graded:
    assert _sandbox is not None
    return grade_job(job, _sandbox, secret)


def grade_all(
    jobs: Iterable[Job],
    secret: bytes,
    *,
    processes: int | None = None,
    isolation: str = "auto",
    trusted: bool = False,
) -> Iterator[tuple[Job, Graded | Exception]]:
    """Grade hand-ins as they finish; a hand-in that the grader itself stumbles over comes with the exception.

    Jobs are taken from `jobs` no sooner than they are needed, so that a large class need not fit into memory.
    """
    waiting = iter(jobs)
    processes = processes or len(os.sched_getaffinity(0))
    while suspects := (yield from _grade_until_broken(waiting, processes, secret, isolation, trusted)):
        for suspect in suspects:  # one of them took the others with it
            for job in (yield from _grade_until_broken(iter([suspect]), 0, secret, isolation, trusted)):
                yield job, BrokenProcessPool("the grading process died, twice: look for a lack of memory")


def _grade_until_broken(
    waiting: Iterator[Job], ahead: int, secret: bytes, isolation: str, trusted: bool
) -> Generator[tuple[Job, Graded | Exception], None, list[Job]]:
    """Grade what is waiting, by `ahead` processes which one job more is held ready for, or by one and one by one.

    Returns the jobs that were in hand when a process died; none, when all are done.
    """
    cores = sorted(os.sched_getaffinity(0))
    processes = max(ahead, 1)
    context = multiprocessing.get_context("spawn")
    places = context.SimpleQueue()
    for number in range(processes):
        places.put(cores[number % len(cores)])
    pool = ProcessPoolExecutor(
        processes, context, initializer=_open_sandbox, initargs=(places, isolation, trusted)
    )
    running: dict[Future[Graded], Job] = {}
    try:
        while True:
            for job in itertools.islice(waiting, ahead + 1 - len(running)):
                try:
                    running[pool.submit(_grade, job, secret)] = job
                except BrokenProcessPool:
                    return [*running.values(), job]
            if not running:
                return []
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    return list(running.values())
                job = running.pop(future)
                if error is not None and not isinstance(error, Exception):
                    raise error
                yield job, error or future.result()
    finally:
        pool.shutdown(cancel_futures=True)


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
            from grading.pipeline.cluster import Cluster

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
