"""The words in which the sandbox and its users talk: what a worker may spend, what it runs, what came of it."""

from dataclasses import dataclass
from typing import Any


class SandboxError(Exception):
    """The sandbox cannot be trusted or cannot start; the message is one sentence that names the fix."""


@dataclass(frozen=True)
class Budget:
    """What one worker may spend. Wall seconds count only while the grader waits for the worker."""

    cpu_seconds: float = 60
    wall_seconds: float = 120
    memory_mib: int = 2048
    disk_mib: int = 256


@dataclass(frozen=True)
class Usage:
    """What one worker spent; memory is the peak above what an idle worker holds."""

    cpu_seconds: float
    wall_seconds: float
    peak_memory_mib: float
    busy_seconds: float


@dataclass(frozen=True)
class Cell:
    id: str
    source: str


@dataclass(frozen=True)
class CellError:
    """Why a cell stopped. `kind`: raised · timeout · died · protocol.

    `type` is the exception's builtin type, or how the process ended in words; `line` is the student's own source.
    """

    kind: str
    type: str
    line: str | None = None
    lineno: int | None = None


@dataclass(frozen=True)
class CellResult:
    """The outputs of a cell as nbformat dictionaries, and its error if it had one."""

    outputs: list[dict[str, Any]]
    error: CellError | None = None


@dataclass(eq=False)
class Fault(Exception):  # noqa: N818 - a fault of the student's code, not of ours
    """Why a worker is gone: timeout · died · protocol; or `unanswered`, where a transcript holds no answer."""

    kind: str
    what: str
