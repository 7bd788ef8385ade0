"""Tries to escape from a worker, and says what was held; before each attempt the prey lies there anew."""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dgm_course.testing import StudentError
from grading.sandbox.escapes import ATTEMPTS, Attempt
from grading.sandbox.outcome import Budget, Cell
from grading.sandbox.paths import COURSE, GRADING, REFERENCE

if TYPE_CHECKING:
    from grading.sandbox.session import Worker

BUDGET = Budget(cpu_seconds=20, wall_seconds=60, memory_mib=512, disk_mib=8)
# An attempt that fails for another reason, such as a typing error, proves nothing.
REFUSALS = (
    "ConnectionRefusedError",
    "FileNotFoundError",
    "MemoryError",
    "OSError",
    "PermissionError",
    "ProcessLookupError",
)


@dataclass(frozen=True)
class Finding:
    attempt: str
    held: bool
    fix: str


TRY = """
def attempt(source, names):
    try:
        exec(source, names)
    except BaseException as error:
        return type(error).__name__
"""


def quick(new_worker: Callable[[Budget], "Worker"]) -> Iterator[Finding]:
    """Tries every escape that takes no time, all in one worker."""
    with prey() as names, new_worker(BUDGET) as worker:
        for attempt, refusal in try_all(worker, ATTEMPTS, names):
            yield Finding(attempt.name, refusal in REFUSALS, attempt.fix)


def try_all(
    worker: "Worker", attempts: tuple[Attempt, ...], names: dict[str, Any]
) -> Iterator[tuple[Attempt, str | None]]:
    """How each attempt was refused; None where it was not, or left a trace."""
    worker.run(Cell("try", TRY))
    for attempt in attempts:
        canary = Path(names["CANARY"])
        canary.write_text("a secret")
        canary.chmod(0o600)
        before = _trace(canary)
        try:
            refusal = worker.student.attempt(attempt.source, names)
        except StudentError:
            refusal = "the worker died"  # which no refusal brings about
        yield attempt, refusal if _trace(canary) == before else None


@contextmanager
def prey() -> Iterator[dict[str, Any]]:
    """What the attempts are after: a file, servers, and the paths and numbers by which the grader is found."""
    with (
        tempfile.TemporaryDirectory(prefix="dgm-canary-") as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        named.bind(f"{folder}/socket")
        abstract.bind(f"\0{folder}")
        named.listen()
        abstract.listen()
        yield {
            "CANARY": f"{folder}/gradebook.db",
            "FOLDER": folder,
            "GRADER": os.getpid(),
            "GRADING": str(GRADING),
            "PORT": server.getsockname()[1],
            "REFERENCE": str(COURSE.parent.joinpath(*REFERENCE[0].split("."))),
        }


def _trace(canary: Path) -> list[tuple[str, int, int]]:
    """What a change beside or to the canary would change."""
    found = sorted(canary.parent.iterdir())
    return [(path.name, path.stat().st_mode, path.stat().st_mtime_ns) for path in found]
