"""`dgm-grade`: the instructor's command line, from release to grades.

Exit status: 0 when all is well, 1 when something that was looked at does not hold, 2 when a command cannot do its
work, 3 when student code cannot be confined; the command then says in one line what is wrong and what to do.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from grading.pipeline.course.errors import CourseError
from grading.sandbox.outcome import SandboxError

if TYPE_CHECKING:
    from dgm_course.homework.course import Homework, Task

app = typer.Typer(
    help="Grade the homeworks: release, collect, run, feedback, report. Every command can be stopped and run again.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()


class Isolation(StrEnum):
    auto = "auto"
    landlock = "landlock"
    none = "none"


class System(StrEnum):
    plain = "plain"
    canvas = "canvas"
    moodle = "moodle"
    gradescope = "gradescope"


HomeworkName = Annotated[str, typer.Argument(metavar="HOMEWORK", help="Which homework, such as hw1.")]
Course = Annotated[Path, typer.Option("--course", metavar="DIR", help="The course folder.")]
Processes = Annotated[int | None, typer.Option(min=1, help="How many at a time; by default one a core.")]


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar with the time left on standard error."""
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[item]}"),
    )
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        bar = progress.add_task(what, total=None, item="starting the sandbox")
        yield lambda done, total, item: progress.update(bar, completed=done, total=total, item=escape(item))


def find_homework(name: str) -> "Homework":
    from dgm_course.homework.course import homework

    try:
        return homework(name)
    except KeyError as error:
        raise CourseError(f"{error.args[0]}.") from None


def find_task(work: "Homework", name: str) -> "Task":
    try:
        return work.task(name)
    except KeyError as error:
        raise CourseError(f"{error.args[0]}.") from None


def main() -> None:
    """Run a command; an error that the instructor can mend is one line, not a traceback."""
    try:
        app()
    except CourseError as error:
        _fail(error, 2)
    except SandboxError as error:
        _fail(error, 3)
    except OSError as error:
        _fail(f"{error}. What is finished is kept: mend this, and run the command again.", 2)


def say(line: str) -> None:
    console.print(line, soft_wrap=True, highlight=False)


def _fail(error: object, status: int) -> None:
    print(f"dgm-grade: {error}", file=sys.stderr)
    raise SystemExit(status)
