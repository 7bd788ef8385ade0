"""The `student` of a hidden test: names become calls in a worker, and what is not plain data stays there."""

import weakref
from typing import TYPE_CHECKING, Any

import torch

from dgm_course.testing import StudentError
from grading.sandbox.wire import Handle

if TYPE_CHECKING:
    from grading.sandbox.client import Worker


class Student:
    """The notebook's namespace: every attribute is a function or class, looked up when it is called."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker

    def __getattr__(self, name: str) -> "Remote":
        if name.startswith("__"):
            raise AttributeError(name)
        return Remote(self._worker, name)

    def __repr__(self) -> str:
        return "student"


class Remote:
    """Something callable in a worker: a name, an object that a call returned, or a method of either."""

    def __init__(
        self, worker: "Worker", target: str | Handle, method: str | None = None, owner: "Remote | None" = None
    ) -> None:
        self._worker = worker
        self._target = target
        self._method = method
        self._owner = owner  # keeps the object alive in the worker while only its method is held
        if isinstance(target, Handle) and owner is None:
            weakref.finalize(self, worker.dropped.append, target.id)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._worker.call(self._target, self._method, args, kwargs)

    def remote_gradient(self, args: tuple[Any, ...], wrt: tuple[int, ...]) -> tuple[torch.Tensor, ...]:
        """d sum(f(*args)) / d args[i] for i in `wrt`, computed where the function lives."""
        return self._worker.call(self._target, self._method, args, {}, wrt=wrt)

    def __getattr__(self, name: str) -> "Remote":
        if name.startswith("__") or self._method is not None:
            raise AttributeError(name)
        return Remote(self._worker, self._target, name, owner=self)

    def __repr__(self) -> str:
        return f"student.{name_of(self._target, self._method)}"


def name_of(target: str | Handle, method: str | None) -> str:
    name = target if isinstance(target, str) else "<object>"
    return name if method is None else f"{name}.{method}"


def student_error(kind: str, function: str, what: str = "", line: str | None = None) -> StudentError:
    """The failure of a hidden test because of the student's code; never shows inputs or an exception's message."""
    at = f" at your line `{line.strip()}`" if line else ""
    got, cause = {
        "raised": (f"{what}{at}", "the code does not run on the inputs of this test"),
        "unwritten": ("NotImplementedError: not written yet", "the solution cell is still the skeleton"),
        "missing": (f"no {function} in the notebook", "the solution cell failed, or the name was changed"),
        "unsendable": (
            "something that cannot be compared",
            "an unusual dtype (only float32, float64, int64, bool and uint8 are expected) or a huge result",
        ),
        "timeout": (what, "an endless loop, or far more work than the task needs"),
        "died": (what, "the code crashed or ended the Python process, or took too much memory"),
        "protocol": (what, "the code interfered with the grader's connection"),
    }[kind]
    error = StudentError(
        expected=f"{function} returns a result",
        got=got,
        cause=cause,
        read="the docstring of the task's cell, and the check below it",
    )
    error.kind = kind
    return error
