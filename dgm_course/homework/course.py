"""What a homework is: numbered tasks that carry points.

A task's number and id are the same in the notebook, the visible check, the hidden test, the bank of wrong
versions and the feedback page.
"""

from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class Task:
    """One task: `needs` names the earlier tasks whose code this one calls.

    `cpu_seconds` is what grading may use: at least five times what the reference needs.
    """

    number: int
    id: str
    title: str
    points: int
    needs: tuple[str, ...] = ()
    cpu_seconds: float = 20.0

    @property
    def module(self) -> str:
        """The task's name as a Python module: `char-rnn` is `char_rnn`."""
        return self.id.replace("-", "_")

    @property
    def stem(self) -> str:
        """The task's name as a file that sorts by number: `04_char_rnn`."""
        return f"{self.number:02d}_{self.module}"


@dataclass(frozen=True)
class Homework:
    """One homework; `folder` is its name below `solutions/` and `homeworks/`."""

    id: str
    title: str
    folder: str
    tasks: tuple[Task, ...]

    @property
    def points(self) -> int:
        return sum(task.points for task in self.tasks)

    def task(self, key: str | int) -> Task:
        """The task with this id or number; `KeyError` names the ones there are."""
        for task in self.tasks:
            if key in (task.id, task.number, str(task.number), task.module):
                return task
        raise KeyError(f"{self.id} has no task {key!r}; it has {', '.join(t.id for t in self.tasks)}")


HOMEWORKS = ("hw1", "hw3")


def homework(name: str) -> Homework:
    """The homework called `name`; `KeyError` names the ones there are.

    Example:
        >>> homework("hw1").points
        100
        >>> homework("hw1").task("made").stem
        '05_made'
    """
    if name not in HOMEWORKS:
        raise KeyError(f"there is no homework {name!r}; there is {', '.join(HOMEWORKS)}")
    return import_module(f"dgm_course.homework.{name}").HOMEWORK
