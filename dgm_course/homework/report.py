"""Running the visible checks of one task: what holds, what does not and why, what is not written yet."""

import linecache
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Literal

from dgm_course.homework.course import Homework, Task
from dgm_course.testing import PropertyError

Status = Literal["passed", "failed", "waiting"]

CAUSES: dict[type[BaseException], str] = {
    NotImplementedError: "a method that PyTorch calls, such as `forward`, is missing or misspelt",
    NameError: "the cell that defines this name has not been run, or the name is misspelt",
    TypeError: "a function is called with other arguments, or returns another type, than its docstring says",
    AttributeError: "a method is missing or misspelt, `super().__init__()` was not called first in `__init__`, "
    "or the object is of another type than the docstring says",
    IndexError: "an index beyond the size of the tensor: print the shape before this line",
    RuntimeError: "shapes or dtypes that do not fit together: print them before this line",
}


@dataclass(frozen=True)
class Outcome:
    """One property: it holds, it fails (with the four parts, and the student's own line if the code raised), or it
    waits for code (`note` says which)."""

    title: str
    status: Status
    expected: str = ""
    got: str = ""
    cause: str = ""
    read: str = ""
    line: str = ""
    note: str = ""


@dataclass(frozen=True)
class CheckReport:
    """The outcomes of a task's visible checks, in the order in which they are written."""

    task: Task
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> int:
        return sum(outcome.status == "passed" for outcome in self.outcomes)

    @property
    def all_passed(self) -> bool:
        return self.passed == len(self.outcomes)

    @property
    def waiting(self) -> bool:
        """Nothing of the task has been written, or run, yet."""
        return all(outcome.status == "waiting" for outcome in self.outcomes)

    def to_json(self) -> dict[str, Any]:
        return {"task": self.task.id, "outcomes": [asdict(outcome) for outcome in self.outcomes]}

    @classmethod
    def from_json(cls, homework: Homework, data: dict[str, Any]) -> "CheckReport":
        return cls(homework.task(data["task"]), tuple(Outcome(**outcome) for outcome in data["outcomes"]))


class MissingNameError(LookupError):
    """A check asked for a name that the notebook does not have."""


class Notebook:
    """The `student` of a visible check: the names of the notebook as attributes, as they are now."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._namespace:
            raise MissingNameError(f"there is no `{name}` in the notebook: run the cell above first")
        return self._namespace[name]


def checks_module(homework: Homework, task: Task) -> ModuleType:
    """The module that holds the task's visible checks."""
    return import_module(f"dgm_course.homework.{homework.id}.{task.module}")


def run_checks(homework: Homework, task: Task, namespace: Mapping[str, Any]) -> CheckReport:
    """Run every visible check of `task` on the names in `namespace`; no check sees how another one ended."""
    module = checks_module(homework, task)
    checks = [function for name, function in vars(module).items() if name.startswith("check_")]
    return CheckReport(task, tuple(_outcome(function, namespace) for function in checks))


def _outcome(function: Callable[[Notebook], None], namespace: Mapping[str, Any]) -> Outcome:
    title = (function.__doc__ or function.__name__).strip().splitlines()[0]
    try:
        function(Notebook(namespace))
    except MissingNameError as error:
        return Outcome(title, "waiting", note=str(error))
    except PropertyError as error:
        return Outcome(title, "failed", error.expected, error.got, error.cause, error.read)
    except (Exception, SystemExit) as error:
        frames = list(traceback.walk_tb(error.__traceback__))
        students = [(frame.f_code, number) for frame, number in frames if frame.f_globals is namespace]
        if isinstance(error, NotImplementedError) and students and students[-1][0] is frames[-1][0].f_code:
            return Outcome(title, "waiting", note=f"`{students[-1][0].co_qualname}` is not written yet")
        message = str(error).strip().splitlines() or [""]
        return Outcome(
            title,
            "failed",
            expected="the code runs on the inputs of this check",
            got=f"{type(error).__name__}: {message[0]}".removesuffix(": "),
            cause=next(
                (cause for kind, cause in CAUSES.items() if isinstance(error, kind)),
                "the code meets a case it does not expect",
            ),
            read="the docstring of the cell above: which types and shapes come in, which go out",
            line=linecache.getline(students[-1][0].co_filename, students[-1][1]).strip() if students else "",
        )
    return Outcome(title, "passed")
