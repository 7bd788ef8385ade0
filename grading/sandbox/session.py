"""One worker as the trusted side sees it: it runs cells and calls functions, and doubts what comes back."""

import contextlib
from collections.abc import Iterator
from typing import Any, Protocol

from grading.sandbox import replies, wire
from grading.sandbox.outcome import Cell, CellError, CellResult, Fault, Usage
from grading.sandbox.proxy import Student, student_error, to_handles, to_remotes
from grading.sandbox.wire import Handle, ProtocolViolation


class Connection(Protocol):
    """Who answers: a process, or the transcript of one. It ends at its first fault, and repeats that ever after."""

    fault: Fault | None

    def exchange(self, kind: str, body: dict[str, Any]) -> wire.Frame:
        """The answer to one request; raises `Fault` where none can be had."""

    def end(self, kind: str, what: str) -> Fault:
        """Ends the worker for this reason; nothing that it started lives on."""

    def usage(self) -> Usage:
        """What the worker has spent up to now, or had spent when it ended."""

    def close(self) -> None:
        """Ends the worker if it lives."""


class Worker:
    """One notebook's namespace at the other end of a connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.dropped: list[int] = []
        self.sources: dict[str, list[str]] = {}

    @property
    def student(self) -> Student:
        return Student(self)

    @property
    def fault(self) -> Fault | None:
        """Why the worker is gone, if it is."""
        return self.connection.fault

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, cell: Cell) -> CellResult:
        """Runs a cell; what goes wrong is in the result."""
        self.sources[cell.id] = cell.source.splitlines()
        try:
            frame = self.connection.exchange("run", {"cell": cell.id, "source": cell.source})
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
            frame = self.connection.exchange("call", {"function": function, "dropped": dropped, **arguments})
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
        return self.connection.usage()

    def close(self) -> None:
        """Ends the worker; nothing that it started lives on."""
        self.connection.close()

    @contextlib.contextmanager
    def _violations(self) -> Iterator[None]:
        try:
            yield
        except ProtocolViolation as violation:
            raise self.connection.end("protocol", str(violation)) from None
