"""The `student` of a hidden test: names become calls in a worker, and what is not plain data stays there."""

import weakref
from typing import TYPE_CHECKING, Any

from dgm_course.testing import StudentError
from grading.sandbox.wire import Handle, ProtocolViolation

if TYPE_CHECKING:
    from grading.sandbox.session import Worker

MAX_LABEL = 60


class Student:
    """The notebook's namespace: every attribute is a function or class, looked up when it is called."""

    __slots__ = ("_worker",)

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker

    def __getattr__(self, name: str) -> "Remote":
        if name.startswith("__") or name in Student.__slots__:
            raise AttributeError(name)
        return Remote(self._worker, Handle(name), name)

    def __repr__(self) -> str:
        return "student"


class Remote:
    """Something callable in a worker: a name, an object that a call returned, or a method of either."""

    __slots__ = ("__weakref__", "_handle", "_label", "_owner", "_worker")

    def __init__(self, worker: "Worker", handle: Handle, label: str, owner: "Remote | None" = None) -> None:
        self._worker = worker
        self._handle = handle
        self._label = label
        self._owner = owner  # keeps the object alive in the worker while only its method is held
        if isinstance(handle.target, int) and owner is None:
            weakref.finalize(self, worker.dropped.append, handle.target)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._worker.call(self._handle, self._label, args, kwargs)

    def compute_there(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """`dgm_course.testing.<name>(this, *args, **kwargs)`, computed in the worker."""
        return self._worker.call(self._handle, self._label, args, kwargs, through=name)

    def __getattr__(self, name: str) -> "Remote":
        if name.startswith("__") or name in Remote.__slots__ or self._handle.method is not None:
            raise AttributeError(name)
        return Remote(self._worker, Handle(self._handle.target, name), f"{self._label}.{name}", owner=self)

    def __repr__(self) -> str:
        return f"student.{self._label}"


def to_handles(value: Any) -> Any:
    """`Remote`s as the handles they stand for, at any depth."""
    match value:
        case Remote():
            return value._handle
        case list() | tuple():
            return type(value)(map(to_handles, value))
        case dict():
            return {key: to_handles(item) for key, item in value.items()}
    return value


def to_remotes(value: Any, worker: "Worker", label: str) -> Any:
    """Handles that a call of `label` returned as `Remote`s, at any depth."""
    match value:
        case Handle(int(), None):
            return Remote(worker, value, f"{label[:MAX_LABEL]}(…)")
        case Handle():
            raise ProtocolViolation("a handle that was not handed out")
        case list() | tuple():
            return type(value)(to_remotes(item, worker, label) for item in value)
        case dict():
            return {key: to_remotes(item, worker, label) for key, item in value.items()}
    return value


class RemoteError(StudentError):
    """A `StudentError` that knows its kind: raised · unwritten · missing · unsendable · timeout · died · protocol.

    One more is no fault of the student's: `unanswered`, of a transcript.
    """

    def __init__(self, kind: str, expected: str, got: str, cause: str, read: str) -> None:
        super().__init__(expected, got, cause, read)
        self.kind = kind


def student_error(kind: str, function: str, what: str = "", line: str | None = None) -> RemoteError:
    """The failure of a hidden test by the student's code; shows neither inputs nor an exception's message."""
    at = f" at your line `{line}`" if line else ""
    got, cause = {
        "raised": (f"{what}{at}", "the code does not run on the inputs of this test"),
        "unwritten": ("not written yet: NotImplementedError", "the cell still holds the skeleton"),
        "missing": (f"no {function} in the notebook", "its cell failed, or the name was changed"),
        "unsendable": (
            "something that cannot be compared",
            "an unusual dtype (expected are float32, float64, int64, bool and uint8) or a huge result",
        ),
        "timeout": (what, "an endless loop, or far more work than the task needs"),
        "died": (what, "the code crashed or ended the Python process, or took too much memory"),
        "protocol": (what, "the code interfered with the grader's connection"),
        "unanswered": (what, "the tests have changed since the code ran"),
    }[kind]
    read = "the docstring in the task's cell"
    return RemoteError(kind, f"{function} returns a result", got, cause, read)
