"""`check("made")` and `scoreboard("hw1")`: what a homework notebook calls."""

import sys
from collections.abc import Mapping
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from tqdm.auto import tqdm

from dgm_course.homework.course import HOMEWORKS, Homework, Task, homework
from dgm_course.homework.render import (
    figure_html,
    remark_html,
    report_html,
    report_text,
    scoreboard_html,
    scoreboard_text,
)
from dgm_course.homework.report import CheckReport, Notebook, checks_module, run_checks


class UnknownTaskError(LookupError):
    """A name that is no task (or homework); a notebook shows it as one line."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def check(name: str) -> None:
    """Run the visible checks of the task called `name` on the notebook that calls, and show what holds.

    The names are read from the caller's globals, as they are at this moment. Nothing is returned.

    Raises:
        UnknownTaskError: no homework has such a task; the message names those there are.
    """
    work, task = _find(name)
    namespace = sys._getframe(1).f_globals
    report = run_checks(work, task, namespace)
    _show(report_html(report, _picture(work, report, namespace)), report_text(report))


def scoreboard(name: str) -> None:
    """Run every visible check of a homework on the notebook that calls, and show one table.

    Everything is run anew: a result remembered from before the last edit would not be true of the notebook now.

    Raises:
        UnknownTaskError: there is no homework called `name`.
    """
    if name not in HOMEWORKS:
        raise UnknownTaskError(f"There is no homework {name!r}. There is: {', '.join(HOMEWORKS)}.")
    work = homework(name)
    namespace = sys._getframe(1).f_globals
    reports = [run_checks(work, task, namespace) for task in tqdm(work.tasks, desc="checks", leave=False)]
    _show(scoreboard_html(work, reports), scoreboard_text(work, reports))


def _find(name: str) -> tuple[Homework, Task]:
    works = [homework(work) for work in HOMEWORKS]
    for work in works:
        for task in work.tasks:
            if task.id == name:
                return work, task
    known = ", ".join(task.id for work in works for task in work.tasks)
    raise UnknownTaskError(f"There is no task {name!r}. The tasks are: {known}.")


def _picture(work: Homework, report: CheckReport, namespace: Mapping[str, Any]) -> str:
    """What the student built, as HTML, where the task has a picture and all of its code is written."""
    draw = getattr(checks_module(work, report.task), "picture", None)
    if draw is None or any(outcome.status == "waiting" for outcome in report.outcomes):
        return ""
    try:
        return figure_html(draw(Notebook(namespace)))
    except Exception as error:  # what fails a check may be impossible to draw as well
        return remark_html(f"No picture: drawing what this code returns raises {type(error).__name__}.")


def _show(html: str, text: str) -> None:
    if InteractiveShell.initialized():
        display({"text/html": html, "text/plain": text}, raw=True)
    else:
        print(text)
