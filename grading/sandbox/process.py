"""A worker's process at the other end of a socket: requests with deadlines, and an end that is certain."""

import select
import signal
import socket
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from grading.sandbox import wire
from grading.sandbox.host import ANSWER_SECONDS, ZygoteProcess
from grading.sandbox.outcome import Budget, Fault, SandboxError, Usage
from grading.sandbox.transcript import Session
from grading.sandbox.wire import ProtocolViolation

SLEEP_SECONDS = 20  # a cold disk is waited for that long, and no hand-in holds a core for much longer


class AsleepError(TimeoutError):
    """We waited for a worker that did nothing."""


class WorkerProcess:
    """A worker that was forked for us; what it is asked and what it answers goes into `session`."""

    def __init__(
        self,
        zygote: ZygoteProcess,
        number: int,
        budget: Budget,
        files: Mapping[str, bytes],
        session: Session | None = None,
    ) -> None:
        self.zygote = zygote
        self.number = number
        self.budget = budget
        self.session = session
        self.started = time.monotonic()
        self.ended: float | None = None
        self.busy_seconds = 0.0
        self.requests = 0
        self.fault: Fault | None = None
        self.record: dict[str, Any] | None = None
        self._fork()
        self._write_files(files)

    def exchange(self, kind: str, body: dict[str, Any]) -> wire.Frame:
        if self.fault:
            raise self.fault
        self.requests += 1
        message = wire.pack(self.requests, kind, body)
        heard: list[bytes] = []
        start = time.monotonic()
        self.deadline = start + self.budget.wall_seconds - self.busy_seconds
        try:
            self._require_silence()
            self.socket.settimeout(self._left())
            self.socket.sendall(message)
            frame = wire.read(lambda size: self._read(size, heard))
            if frame.id != self.requests or frame.kind not in ("value", "error"):
                raise ProtocolViolation("an answer to no question")
            self._keep(message, b"".join(heard))
            return frame
        except ProtocolViolation as violation:
            fault = self.end("protocol", str(violation))
        except AsleepError:
            fault = self.end("timeout", f"asleep for more than {SLEEP_SECONDS} s")
        except TimeoutError:
            fault = self.end("timeout", f"no answer within {self.budget.wall_seconds:g} s")
        except (OSError, EOFError):
            fault = self.end("died", "the process closed its connection")
        except KeyboardInterrupt:
            self.end("died", "the grader was interrupted")  # the reply would answer the next request
            raise
        finally:
            self.busy_seconds += time.monotonic() - start
        self._keep(message, b"")
        raise fault

    def end(self, kind: str, what: str) -> Fault:
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
        if self.session is not None:
            self.session.fault = (kind, what)
        return self.fault

    def usage(self) -> Usage:
        record = self.record or self.zygote.ask("usage", self.number)
        memory = max(record["peak_mib"] - self.idle_mib, 0.0)
        wall = (self.ended or time.monotonic()) - self.started
        usage = Usage(record["cpu_seconds"], wall, memory, self.busy_seconds)
        if self.session is not None:
            self.session.usages.append(usage)
        return usage

    def close(self) -> None:
        if self.fault is None and self.zygote.alive:
            self.end("died", "the worker is closed")

    def _keep(self, request: bytes, reply: bytes) -> None:
        if self.session is not None:
            self.session.keep(request, reply)

    # ── the beginning ──

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
        if files and self.exchange("files", {"files": body}).kind == "error":
            self.close()
            raise SandboxError(f"A worker could not write {', '.join(files)}: shorten or rename these files.")

    # ── bytes, until the deadline ──

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _read(self, size: int, heard: list[bytes] | None = None) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            self.socket.settimeout(min(self._left(), SLEEP_SECONDS / 4))
            try:
                count = self.socket.recv_into(view)
            except TimeoutError:
                self._require_work()
                continue
            if not count:
                raise EOFError
            view = view[count:]
        if heard is not None:
            heard.append(bytes(data))  # a copy: the tensors of the frame lie in these bytes and may change
        return data

    def _require_work(self) -> None:
        """Time is given to who computes or stands in line for a core, however full the machine is."""
        if self.requests:
            spent = self.zygote.ask("usage", self.number)
            waited = self.budget.wall_seconds - self._left()
            if waited - spent["cpu_seconds"] - spent["queued_seconds"] > SLEEP_SECONDS:
                raise AsleepError

    def _require_silence(self) -> None:
        if select.select([self.socket], [], [], 0)[0]:
            if not self.socket.recv(1):
                raise EOFError
            raise ProtocolViolation("an answer before the question")
