"""Grade hand-ins by processes of this machine: one a core, each with a sandbox of its own."""

import itertools
import multiprocessing
import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import torch

from dgm_course.homework.course import homework
from grading.pipeline.marking.transcripts import Graded, grade
from grading.sandbox.client import Sandbox, SandboxError

Progress = Callable[[int, int, str], None]  # done, total, what was done


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
