"""The trusted side of the sandbox: starts workers and believes nothing they say.

with Sandbox() as sandbox, sandbox.worker(budget=Budget(cpu_seconds=10)) as worker:
    worker.run(Cell("made", source))
    worker.student.made_masks(...)
"""

import itertools
from collections.abc import Mapping

from grading.sandbox import attempts, launch
from grading.sandbox.host import ZygoteProcess
from grading.sandbox.outcome import Budget, Cell, CellError, CellResult, SandboxError, Usage
from grading.sandbox.process import WorkerProcess
from grading.sandbox.session import Worker
from grading.sandbox.transcript import Transcript

__all__ = ["Budget", "Cell", "CellError", "CellResult", "Sandbox", "SandboxError", "Usage", "Worker"]

LEVELS = ("bwrap", "landlock", "none")
_proved: set[str] = set()


class Sandbox:
    """One zygote and the workers forked from it; it belongs to one thread.

    `isolation` is "auto" (the best that works here), "bwrap", "landlock", or with `trust` "none". A sandbox
    from which a worker can escape does not open: it raises `SandboxError`. (The doctor looks for itself,
    without `prove`.)
    """

    def __init__(self, isolation: str = "auto", *, trust: bool = False, prove: bool = True) -> None:
        if isolation == "auto":
            isolation = launch.best()
        if isolation not in LEVELS:
            raise ValueError(f"isolation is one of auto, {', '.join(LEVELS)}, not {isolation!r}")
        if isolation == "none" and not trust:
            raise SandboxError("Isolation none runs student code with your rights: say that you trust it.")
        self.level = isolation
        self.proved = isolation == "none" or not prove
        self.zygote: ZygoteProcess | None = None
        self.numbers = itertools.count()
        self.transcript: Transcript | None = None

    @property
    def isolation(self) -> str:
        """The layers that hold, for the result's record."""
        return "UNISOLATED" if self.level == "none" else "+".join(launch.layers(self.level))

    def __enter__(self) -> "Sandbox":
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        if self.zygote:
            self.zygote.stop()
            self.zygote = None

    def worker(
        self, budget: Budget | None = None, files: Mapping[str, bytes] | None = None, label: str = ""
    ) -> Worker:
        """A fresh worker whose working directory holds `files` and nothing else.

        What it is asked and what it answers is kept below `label` in `self.transcript`, when there is one.
        """
        session = self.transcript.session(label) if self.transcript else None
        return Worker(
            WorkerProcess(self._open(), next(self.numbers), budget or Budget(), files or {}, session)
        )

    def _open(self) -> ZygoteProcess:
        """The living zygote, or a new one."""
        if self.zygote is None or not self.zygote.alive:
            self.__exit__()
            self.zygote = ZygoteProcess(launch.layers(self.level))
            if not self.proved:
                self._prove()
        return self.zygote

    def _prove(self) -> None:
        """Tries to escape, once a process and level."""
        self.proved = True
        if self.level in _proved:
            return
        kept, self.transcript = self.transcript, None
        try:
            escaped = [finding for finding in attempts.quick(self.worker) if not finding.held]
            if escaped:
                raise SandboxError(f"A worker could {escaped[0].attempt}. {escaped[0].fix}")
        except BaseException:
            self.proved = False
            self.__exit__()
            raise
        finally:
            self.transcript = kept
        _proved.add(self.level)
