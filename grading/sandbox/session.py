"""One worker as the trusted side sees it: requests with deadlines, replies that are doubted, an end that is certain."""

import contextlib
import select
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grading.sandbox import replies, wire
from grading.sandbox.host import ANSWER_SECONDS, ZygoteProcess
from grading.sandbox.outcome import Budget, Cell, CellError, CellResult, SandboxError, Usage
from grading.sandbox.proxy import Student, student_error, to_handles, to_remotes
from grading.sandbox.wire import Handle, ProtocolViolation


@dataclass(eq=False)
class Fault(Exception):  # noqa: N818 - a fault of the student's code, not of ours
    """Why a worker is gone: timeout, died or protocol."""

    kind: str
    what: str


class Worker:
    """One notebook in one process. It ends at its first fault; every later call repeats that fault."""

    def __init__(
        self, zygote: ZygoteProcess, number: int, budget: Budget, files: Mapping[str, bytes]
    ) -> None:
        self.zygote = zygote
        self.number = number
        self.budget = budget
        self.started = time.monotonic()
        self.ended: float | None = None
        self.busy_seconds = 0.0
        self.requests = 0
        self.dropped: list[int] = []
        self.sources: dict[str, list[str]] = {}
        self.fault: Fault | None = None
        self.record: dict[str, Any] | None = None
        self._fork()
        self._write_files(files)

    @property
    def student(self) -> Student:
        return Student(self)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, cell: Cell) -> CellResult:
        """Runs a cell; what goes wrong is in the result."""
        self.sources[cell.id] = cell.source.splitlines()
        try:
            frame = self._exchange("run", {"cell": cell.id, "source": cell.source})
            with self._violations():
                return replies.cell_result(frame, self.sources)
        except Fault as fault:
            return CellResult([], CellError(fault.kind, fault.what))

    def call(
        self,
        function: Handle,
        label: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        through: str | None = None,
    ) -> Any:
        """What the student's function returns, or that function of `dgm_course.testing` on it; else `StudentError`."""
        dropped = [self.dropped.pop() for _ in range(len(self.dropped))]
        arguments = {"args": to_handles(args), "kwargs": to_handles(kwargs), "through": through}
        try:
            frame = self._exchange("call", {"function": function, "dropped": dropped, **arguments})
            with self._violations():
                if frame.kind == "value":
                    return to_remotes(frame.body, self, label)
                failure = replies.failure(frame.body, self.sources)
        except Fault as fault:
            raise student_error(fault.kind, label, fault.what) from None
        kind = "unwritten" if failure.type == "NotImplementedError" else failure.kind
        raise student_error(kind, label, failure.type, failure.line)

    def usage(self) -> Usage:
        """What the worker has spent up to now, or had spent when it ended."""
        record = self.record or self.zygote.ask("usage", self.number)
        memory = max(record["peak_mib"] - self.idle_mib, 0.0)
        wall = (self.ended or time.monotonic()) - self.started
        return Usage(record["cpu_seconds"], wall, memory, self.busy_seconds)

    def close(self) -> None:
        """Ends the worker; nothing that it started lives on."""
        if self.fault is None and self.zygote.alive:
            self._end("died", "the worker is closed")

    # ── requests and replies ──

    def _fork(self) -> None:
        self.socket, theirs = socket.socketpair()
        limits = {name: getattr(self.budget, name) for name in ("cpu_seconds", "memory_mib", "disk_mib")}
        with theirs:
            self.zygote.ask("fork", self.number, theirs.fileno(), **limits)
        self.deadline = self.started + ANSWER_SECONDS
        try:
            frame = wire.read(self._read)
        except (OSError, EOFError, ProtocolViolation):
            frame = wire.Frame(0, "refused", "it ended before it began")
        if frame.kind != "ready":
            self.close()
            raise SandboxError(f"A worker could not be confined: {frame.body}")
        self.idle_mib = frame.body / 1024

    def _write_files(self, files: Mapping[str, bytes]) -> None:
        body = {name: torch.tensor(np.frombuffer(data, np.uint8)) for name, data in files.items()}
        if files and self._exchange("files", {"files": body}).kind == "error":
            self.close()
            raise SandboxError(f"A worker could not write {', '.join(files)}: shorten or rename these files.")

    def _exchange(self, kind: str, body: dict[str, Any]) -> wire.Frame:
        if self.fault:
            raise self.fault
        self.requests += 1
        message = wire.pack(self.requests, kind, body)
        start = time.monotonic()
        self.deadline = start + self.budget.wall_seconds - self.busy_seconds
        try:
            with self._violations():
                self._require_silence()
                self.socket.settimeout(self._left())
                self.socket.sendall(message)
                frame = wire.read(self._read)
                if frame.id != self.requests or frame.kind not in ("value", "error"):
                    raise ProtocolViolation("an answer to no question")
                return frame
        except TimeoutError:
            raise self._end("timeout", f"no answer within {self.budget.wall_seconds:g} s") from None
        except (OSError, EOFError):
            raise self._end("died", "the process closed its connection") from None
        except KeyboardInterrupt:
            self._end("died", "the grader was interrupted")  # the reply would answer the next request
            raise
        finally:
            self.busy_seconds += time.monotonic() - start

    @contextlib.contextmanager
    def _violations(self) -> Iterator[None]:
        try:
            yield
        except ProtocolViolation as violation:
            raise self._end("protocol", str(violation)) from None

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            self.socket.settimeout(self._left())
            count = self.socket.recv_into(view)
            if not count:
                raise EOFError
            view = view[count:]
        return data

    def _require_silence(self) -> None:
        if select.select([self.socket], [], [], 0)[0]:
            if not self.socket.recv(1):
                raise EOFError
            raise ProtocolViolation("an answer before the question")

    # ── the end ──

    def _end(self, kind: str, what: str) -> Fault:
        """Ends the process; how it really ended, the zygote knows best."""
        self.record = self.zygote.ask("reap", self.number)
        self.socket.close()
        self.ended = time.monotonic()
        killer, spent = self.record["signal"], self.record["cpu_seconds"]
        if self.record["cause"]:
            kind, what = "died", f"stopped for a flood of {self.record['cause']}"
        elif killer == signal.SIGXCPU or (kind == "died" and spent > self.budget.cpu_seconds):
            kind, what = "timeout", f"more than {self.budget.cpu_seconds:g} s of CPU time"
        elif kind == "died" and killer not in (None, signal.SIGKILL):
            what = f"the process died of {signal.Signals(killer).name}"
        self.fault = Fault(kind, what)
        return self.fault
