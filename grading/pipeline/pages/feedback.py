"""The page that a student reads: what holds, what does not and why, and what to do next.

One file with nothing to load: no script can run in it (its content security policy forbids all), and of a
student's own output only text and PNG pictures are shown. It never shows the inputs of a hidden test.
"""

import re
from functools import cache, partial
from pathlib import Path

import nh3
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from dgm_course.homework.course import Homework
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.grades.autograded import plain, safe_outputs
from grading.pipeline.grades.ledger import NO_RESPONSE, Ledger
from grading.pipeline.marking.results import Result, TaskResult
from grading.pipeline.pages.pictures import dependency_picture
from grading.pipeline.proof.use import reference_use
from grading.sandbox.outcome import Budget

TEMPLATES = Path(__file__).parent / "templates"
STEPS = 3


def feedback_page(work: Homework, result: Result, ledger: Ledger | None = None) -> str:
    """The page as HTML; with a ledger, points changed by hand, comments and lateness are on it too."""
    scores = ledger.scores if ledger else {task.id: task.score for task in result.tasks}
    return template("feedback.html").render(
        work=work,
        use=partial(use, work),
        result=result,
        ledger=ledger,
        scores=scores,
        total=ledger.total if ledger else result.score,
        steps=next_steps(result),
        unwritten=unwritten,
        no_response=NO_RESPONSE,
        stood_in=lambda task: " and ".join(f"task {work.task(need).number}" for need in task.follow_through),
    )


def feedback_path(course: Path, work: Homework, student: str) -> Path:
    """Where nbgrader keeps a student's feedback page."""
    return course / "feedback" / student / work.id / f"{work.id}.html"


def write_feedback(course: Path, work: Homework, result: Result, ledger: Ledger | None = None) -> Path:
    """Write the page of one student and return where it is."""
    path = feedback_path(course, work, result.student)
    write_atomically(path, feedback_page(work, result, ledger).encode())
    return path


def next_steps(result: Result) -> list[TaskResult]:
    """The tasks to look at next: what other tasks need, then what has most points to gain, then what is not begun."""
    needed = {need for task in result.tasks for need in task.follow_through}
    lost = [task for task in result.tasks if task.score < task.points]

    def order(task: TaskResult) -> tuple[float, ...]:
        begun = not unwritten(task)
        return task.id not in needed, not begun, (task.score - task.points) * begun, task.number

    return sorted(lost, key=order)[:STEPS]


def unwritten(task: TaskResult) -> bool:
    """Whether the cell still holds the skeleton, so that there is nothing to say of any test."""
    return all(test.kind == "unwritten" for test in task.tests)


def prose(text: str) -> Markup:
    """Text with `code` and paragraphs as HTML that holds nothing else, whatever the text says."""
    paragraphs = re.split(r"\n\s*\n", plain(text).strip())
    marked = (re.sub(r"``?([^`]+)``?", r"<code>\1</code>", str(escape(part))) for part in paragraphs)
    html = "".join(f"<p>{part}</p>" for part in marked)
    return Markup(nh3.clean(html, tags={"p", "code"}, attributes={}))


def use(work: Homework, task: TaskResult) -> list[tuple[str, str, str, str]]:
    """What a task used of CPU time, clock and memory: the name, the student's, the reference's, the budget's figure."""
    budget, reference = Budget(cpu_seconds=task.cpu_budget), reference_use(work).get(task.id)
    return [
        (
            what,
            _quantity(getattr(task, name), unit),
            _quantity(getattr(reference, name), unit) if reference else "",
            _quantity(most, unit),
        )
        for what, name, unit, most in (
            ("CPU time", "cpu_seconds", "s", budget.cpu_seconds),
            ("on the clock", "busy_seconds", "s", budget.wall_seconds),
            ("memory", "peak_memory_mib", "MiB", budget.memory_mib),
        )
    ]


def _quantity(figure: float, unit: str) -> str:
    return f"{figure:.{2 if unit == 's' and figure < 10 else 0}f} {unit}"


@cache
def template(name: str) -> Template:
    """A page of the templates folder; every value in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "plain": plain,
        "prose": prose,
        "picture": dependency_picture,
        "outputs": safe_outputs,
        "number": lambda value: f"{value:g}",
    }
    return environment.get_template(name)
