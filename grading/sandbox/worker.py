"""The untrusted side: runs a student's cells and answers calls of the student's functions.

The student's code shares this process and may do to it what it likes. Nothing here is believed by the other
side; all that is promised is made by `confine.py` before `serve` begins.
"""

import builtins
import itertools
import os
import sys
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

import numpy as np
from torch import Tensor

from dgm_course import testing
from grading.sandbox import wire
from grading.sandbox.shell import OUTPUTS, Shell, Stream, deepest_student_line
from grading.sandbox.wire import Handle

MAX_ITEMS = 100_000
LISTED = (Iterator, KeysView, ValuesView, ItemsView, range)


class MissingNameError(LookupError):
    """The student's notebook defines no such name."""


def _plain(value: Any) -> Any:
    """Iterators as lists and numpy's scalars as Python's, at any depth."""
    if isinstance(value, LISTED):
        value = list(itertools.islice(value, MAX_ITEMS + 1))
        if len(value) > MAX_ITEMS:
            raise wire.UnsendableError(f"an iterator of more than {MAX_ITEMS} items")
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value)) if type(value) in (list, tuple) else tuple(map(_plain, value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


class Worker:
    """One notebook's namespace behind one socket."""

    def __init__(self, fd: int, shell: Shell) -> None:
        self.fd = fd
        self.shell = shell
        self.objects: dict[int, object] = {}
        self.numbers = itertools.count()

    def serve(self) -> None:
        """Answers requests until the trusted side hangs up."""
        while True:
            try:
                frame = wire.read(self._read)
            except EOFError:
                return
            self._write(self._answer(frame))

    def _answer(self, frame: wire.Frame) -> bytes:
        try:
            reply = getattr(self, f"on_{frame.kind}")(**frame.body)
            return wire.pack(frame.id, "value", reply, self._keep)
        except BaseException as error:
            return wire.pack(frame.id, "error", describe(error))

    # ── requests ──

    def on_run(self, cell: str, source: str) -> dict[str, Any]:
        outputs, error = self.shell.run(cell, source)
        return {"outputs": outputs, "error": None if error is None else describe(error)}

    def on_call(
        self,
        function: Handle,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        through: str | None,
        dropped: list[int],
    ) -> Any:
        for number in dropped:
            self.objects.pop(number, None)
        OUTPUTS.start()
        found, args, kwargs = self._resolve(function), self._resolve(args), self._resolve(kwargs)
        if through is not None:
            return _plain(getattr(testing, through)(found, *args, **kwargs))
        return _plain(found(*args, **kwargs))

    def on_files(self, files: dict[str, Tensor]) -> None:
        for name, content in files.items():
            with open(name, "xb") as file:
                file.write(content.numpy().tobytes())

    def _resolve(self, value: Any) -> Any:
        """The objects that handles stand for, at any depth."""
        match value:
            case Handle():
                found = self._find(value.target)
                return found if value.method is None else getattr(found, value.method)
            case list() | tuple():
                return type(value)(map(self._resolve, value))
            case dict():
                return {key: self._resolve(item) for key, item in value.items()}
        return value

    def _find(self, target: str | int) -> Any:
        if isinstance(target, int):
            return self.objects[target]
        if target not in self.shell.user_ns:
            raise MissingNameError(target)
        return self.shell.user_ns[target]

    def _keep(self, value: object) -> Handle:
        number = next(self.numbers)
        self.objects[number] = value
        return Handle(number)

    # ── bytes: plain read and write, for a worker may make no socket call ──

    def _read(self, size: int) -> bytearray:
        data = bytearray()
        while len(data) < size:
            chunk = os.read(self.fd, min(size - len(data), 2**20))
            if not chunk:
                raise EOFError
            data += chunk
        return data

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.fd, view) :]


def describe(error: BaseException) -> dict[str, Any]:
    """What the trusted side may learn of an exception: never its message, which could carry hidden inputs."""
    known = (kind.__name__ for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind)
    place = deepest_student_line(error.__traceback__, error)
    cell, line = place or (None, None)
    kinds = {MissingNameError: "missing", wire.UnsendableError: "unsendable"}
    kind = next((kind for cause, kind in kinds.items() if isinstance(error, cause)), "raised")
    return {"kind": kind, "type": next(known), "cell": cell, "line": line}


def serve(fd: int, shell: Shell) -> None:
    """Answers until the trusted side hangs up; whatever is written to the streams is kept for the cell that runs."""
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    Worker(fd, shell).serve()
