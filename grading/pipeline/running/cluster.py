"""Grade on the machines of a Dask cluster.

A Dask worker is to this what a process of the pool is: it holds a sandbox and the hidden tests, and student code runs
in confined processes below it, never in it. Results come back to the one machine that writes them, so workers may come,
go and die: the scheduler gives what was in hand to another one.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from types import TracebackType

import torch
from distributed import Client, KilledWorker, as_completed

from dgm_course.homework.course import homework
from grading.pipeline.course.errors import CourseError
from grading.pipeline.marking.submission import environment_fingerprint, suite_fingerprint
from grading.pipeline.marking.transcripts import Graded
from grading.pipeline.running.pool import Job, grade_job
from grading.sandbox.client import Sandbox

PATIENCE = 60  # seconds for the scheduler to answer and for a first worker to come
AHEAD = 2  # hand-ins for each worker, so that none waits for the next


@cache
def _sandbox(isolation: str, trusted: bool) -> Sandbox:
    """The sandbox of this Dask worker; it belongs to the worker's one thread, and ends with its process."""
    torch.set_num_threads(1)
    return Sandbox(isolation, trust=trusted).__enter__()


def _level(isolation: str, trusted: bool) -> str:
    return _sandbox(isolation, trusted).isolation


def _grade(job: Job, secret: bytes, isolation: str, trusted: bool) -> Graded:
    return grade_job(job, _sandbox(isolation, trusted), secret)


class Cluster:
    """A Dask cluster whose workers have one thread each and the same checkout as this machine."""

    def __init__(self, address: str, isolation: str = "auto", trusted: bool = False) -> None:
        self.confinement = isolation, trusted
        try:
            self.client = Client(address, timeout=PATIENCE)
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            raise CourseError(
                f"No Dask cluster with a worker answers at {address} ({type(error).__name__}): see `dask scheduler`."
            ) from None
        crowded = [worker for worker, threads in self.client.nthreads().items() if threads != 1]
        if crowded:
            self.client.close()
            raise CourseError(
                f"{len(crowded)} Dask workers have several threads: start them by `dask worker --nthreads 1`."
            )

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.client.close()

    def isolation(self) -> str:
        """The layers that hold on the workers; raises `SandboxError` where student code cannot be confined."""
        return self.client.submit(_level, *self.confinement, pure=False).result()

    def grade_all(self, jobs: Iterable[Job], secret: bytes) -> Iterator[tuple[Job, Graded | Exception]]:
        """Grade hand-ins as they finish; one that the grader stumbles over comes with the exception."""
        waiting = iter(jobs)
        running: dict[object, Job] = {}
        finished = as_completed()

        def submit_next() -> None:
            job = next(waiting, None)
            if job is not None:
                future = self.client.submit(_grade, job, secret, *self.confinement, pure=False)
                running[future.key] = job
                finished.add(future)

        for _ in range(AHEAD * max(len(self.client.nthreads()), 1)):
            submit_next()
        for future in finished:
            job = running.pop(future.key)
            submit_next()
            error = future.exception()
            yield job, _told(error) if error else self._ours(future.result())

    def _ours(self, graded: Graded) -> Graded | CourseError:
        """What a worker graded, unless with other tests or versions than this machine's."""
        result = graded.result
        here = suite_fingerprint(homework(result.homework)), environment_fingerprint()
        if (result.suite_sha256, result.environment_sha256) == here:
            return graded
        return CourseError("a Dask worker has other hidden tests or versions: give it this checkout")


def _told(error: BaseException) -> Exception:
    """Why a hand-in has no result."""
    if isinstance(error, KilledWorker):
        return RuntimeError("the Dask workers that graded it died: look for a lack of memory")
    return error if isinstance(error, Exception) else RuntimeError(repr(error))
