"""The trusted side of the sandbox: starts zygotes and workers, and believes nothing they say.

    with Sandbox() as sandbox, sandbox.worker(budget=Budget(cpu_seconds=10)) as worker:
        worker.run(Cell("made", source))
        worker.student.made_masks(...)
"""

import builtins
import contextlib
import json
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grading.sandbox import launch, wire
from grading.sandbox.outcome import Budget, Cell, CellError, CellResult, SandboxError, Usage
from grading.sandbox.proxy import Remote, Student, name_of, student_error
from grading.sandbox.wire import Handle, ProtocolViolation

__all__ = ["Budget", "Cell", "CellError", "CellResult", "Sandbox", "SandboxError", "Usage", "Worker"]

START_SECONDS = 120
ANSWER_SECONDS = 30


class Sandbox:
    """One zygote and the workers forked from it; it belongs to one thread."""

    def __init__(self, isolation: str = "auto", *, trust: bool = False) -> None:
        if isolation == "none" and not trust:
            raise SandboxError("Isolation none runs student code with your rights: say that you trust it.")
        if isolation == "auto":
            isolation = "bwrap" if launch.bwrap_works() else "landlock"
        self.level = isolation
        self.zygote: subprocess.Popen[bytes] | None = None
        self.numbers = iter(range(2**31))

    @property
    def isolation(self) -> str:
        """The layers that hold, for the result's record."""
        layers = {"bwrap": "bwrap+landlock+seccomp+rlimits", "landlock": "landlock+seccomp+rlimits"}
        return layers.get(self.level, "UNISOLATED")

    def __enter__(self) -> "Sandbox":
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def worker(self, budget: Budget | None = None, files: Mapping[str, bytes] | None = None) -> "Worker":
        """A fresh worker whose working directory holds `files` and nothing else."""
        budget = budget or Budget()
        if self.zygote is None or self.zygote.poll() is not None:
            self._stop()
            self._start()
        number = next(self.numbers)
        ours, theirs = socket.socketpair()
        limits = {"cpu_seconds": budget.cpu_seconds, "memory_mib": budget.memory_mib, "disk_mib": budget.disk_mib}
        with theirs:
            self.ask({"op": "fork", "number": number, **limits}, theirs.fileno())
        return Worker(self, number, ours, budget, files or {})

    def ask(self, request: dict[str, Any], *fds: int) -> dict[str, Any]:
        """The zygote's answer; the zygote is ours, so silence or garbage is a fault of the machine."""
        try:
            socket.send_fds(self.control, [json.dumps(request).encode()], fds)
            return json.loads(self.control.recv(2**16))
        except (OSError, ValueError) as error:
            raise SandboxError("The sandbox's own process died: look for a lack of memory.") from error

    def _start(self) -> None:
        self.home = tempfile.TemporaryDirectory(prefix="dgm-sandbox-", ignore_cleanup_errors=True)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        home = Path(self.home.name)
        with theirs, tempfile.TemporaryFile() as complaints:
            self.zygote = subprocess.Popen(
                launch.command(theirs.fileno(), home, self.level),
                env=launch.environment(home),
                cwd="/",
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
            )
            theirs.close()
            self.control.settimeout(START_SECONDS)
            if not self.control.recv(2**16):
                complaints.seek(0)
                last = complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
                self._stop()
                raise SandboxError(f"The sandbox did not start: {last}")
        self.control.settimeout(ANSWER_SECONDS)

    def _stop(self) -> None:
        if self.zygote is not None:
            self.control.close()  # the zygote ends its workers and itself
            try:
                self.zygote.wait(ANSWER_SECONDS)
            except subprocess.TimeoutExpired:
                self.zygote.kill()
                self.zygote.wait()
            self.zygote = None
            self.home.cleanup()


@dataclass(frozen=True)
class Fault(Exception):  # noqa: N818 - a fault of the student's code, not of ours
    """Why a worker is gone: timeout, died or protocol."""

    kind: str
    what: str


class Worker:
    """One notebook in one process. It ends at its first fault; every later call repeats that fault."""

    def __init__(
        self, sandbox: Sandbox, number: int, sock: socket.socket, budget: Budget, files: Mapping[str, bytes]
    ) -> None:
        self.sandbox = sandbox
        self.number = number
        self.socket = sock
        self.budget = budget
        self.started = time.monotonic()
        self.busy_seconds = 0.0
        self.requests = 0
        self.dropped: list[int] = []
        self.sources: dict[str, list[str]] = {}
        self.fault: Fault | None = None
        self.spent: Usage | None = None
        self._ready(files)

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
                return self._cell_result(frame)
        except Fault as fault:
            return CellResult([], CellError(fault.kind, fault.what))

    def call(
        self,
        target: str | Handle,
        method: str | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        wrt: tuple[int, ...] | None = None,
    ) -> Any:
        """What the student's function returns; `StudentError` where it does not."""
        function = name_of(target, method)
        body = {
            "target": target,
            "method": method,
            "args": _handles(args),
            "kwargs": _handles(kwargs),
            "wrt": wrt,
            "dropped": self.dropped[:],
        }
        self.dropped.clear()
        try:
            frame = self._exchange("call", body)
            with self._violations():
                if frame.kind == "value":
                    return self._remotes(frame.body)
                kind, type_name, line, _ = self._error(frame.body)
        except Fault as fault:
            raise student_error(fault.kind, function, fault.what) from None
        if type_name == "NotImplementedError":
            kind = "unwritten"
        raise student_error(kind, function, type_name, line)

    def usage(self) -> Usage:
        """What the worker has spent up to now, or had spent when it ended."""
        if self.spent:
            return self.spent
        return self._usage(self.sandbox.ask({"op": "usage", "number": self.number}))

    def close(self) -> None:
        """Ends the worker; nothing that it started lives on."""
        if self.fault is None:
            self._end("died", "the worker is closed")

    # ── requests and replies ──

    def _ready(self, files: Mapping[str, bytes]) -> None:
        try:
            self.deadline = self.started + ANSWER_SECONDS
            frame = wire.read(self._read)
        except (OSError, EOFError, ProtocolViolation) as error:
            raise SandboxError("A worker did not start: run `dgm-grade doctor`.") from error
        if frame.kind != "ready":
            self._end("died", "unconfined")
            raise SandboxError(f"A worker could not be confined: {frame.body}")
        self.idle_mib = frame.body / 1024
        if files:
            body = {name: torch.tensor(np.frombuffer(data, np.uint8)) for name, data in files.items()}
            self._exchange("files", {"files": body})

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

    # ── what a reply may be ──

    def _error(self, body: Any) -> tuple[str, str, str | None, int | None]:
        """Kind, type, line and line number. The line is looked up in the source that we sent."""
        match body:
            case {"kind": "raised" | "missing" | "unsendable" as kind, "type": str(name), "cell": cell, "line": line}:
                error_type = getattr(builtins, name, None)
                if not (isinstance(error_type, type) and issubclass(error_type, BaseException)):
                    raise ProtocolViolation("an exception of no known type")
                source = self.sources.get(cell, []) if isinstance(cell, str) else []
                if type(line) is int and 0 < line <= len(source):
                    return kind, name, source[line - 1], line
                return kind, name, None, None
        raise ProtocolViolation("an error of no known form")

    def _cell_result(self, frame: wire.Frame) -> CellResult:
        match frame.kind, frame.body:
            case "value", {"outputs": list(outputs), "error": error}:
                kept = [_output(output) for output in outputs]
                return CellResult(kept, None if error is None else CellError(*self._error(error)))
            case "error", body:
                return CellResult([], CellError(*self._error(body)))
        raise ProtocolViolation("a cell's result of no known form")

    def _remotes(self, value: Any) -> Any:
        match value:
            case Handle():
                return Remote(self, value)
            case list() | tuple():
                return type(value)(map(self._remotes, value))
            case dict():
                return {key: self._remotes(item) for key, item in value.items()}
        return value

    # ── the end ──

    def _end(self, kind: str, what: str) -> Fault:
        record = self.sandbox.ask({"op": "reap", "number": self.number})
        self.socket.close()
        self.spent = self._usage(record)
        killer = record["signal"]
        if record["cause"]:
            kind, what = "died", f"stopped for a flood of {record['cause']}"
        elif kind == "died" and self.spent.cpu_seconds >= self.budget.cpu_seconds:
            kind, what = "timeout", f"more than {self.budget.cpu_seconds:g} s of CPU time"
        elif kind == "died" and killer not in (None, signal.SIGKILL):
            what = f"the process died of {signal.Signals(killer).name}"
        self.fault = Fault(kind, what)
        return self.fault

    def _usage(self, record: dict[str, Any]) -> Usage:
        wall = time.monotonic() - self.started
        return Usage(record["cpu_seconds"], wall, max(record["peak_mib"] - self.idle_mib, 0.0), self.busy_seconds)


def _handles(value: Any) -> Any:
    """`Remote`s as the handles they stand for, at any depth."""
    match value:
        case Remote() if isinstance(value._target, Handle) and value._method is None:
            return value._target
        case list() | tuple():
            return type(value)(map(_handles, value))
        case dict():
            return {key: _handles(item) for key, item in value.items()}
    return value


def _output(output: Any) -> dict[str, Any]:
    """One nbformat output, made anew from the parts that one may have."""
    match output:
        case {"output_type": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
            return {"output_type": "stream", "name": name, "text": text}
        case {"output_type": "error", "ename": str(ename), "evalue": str(evalue), "traceback": list(lines)}:
            if all(isinstance(line, str) for line in lines):
                return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": lines}
        case {"output_type": "display_data" | "execute_result" as kind, "data": dict(data)}:
            from grading.sandbox.shell import MIME_TYPES
            if all(mime in MIME_TYPES and isinstance(text, str) for mime, text in data.items()):
                count = {"execution_count": None} if kind == "execute_result" else {}
                return {"output_type": kind, "data": data, "metadata": {}, **count}
    raise ProtocolViolation("an output of no known form")
