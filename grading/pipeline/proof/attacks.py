"""`dgm-grade prove hw1 --attacks`: what every hostile hand-in of the bank earns, and what stopped it.

The table is kept beside the attacks, for whoever wants to know what has been tried.
"""

import runpy
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dgm_course.homework.course import Homework, Task
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.handins.collect import Collected, collect
from grading.pipeline.handins.submitted import submitted_bytes, submitted_path
from grading.pipeline.marking.results import Result
from grading.pipeline.marking.submission import grade_submission
from grading.pipeline.material.attacks import ATTACKS, answered, attack, attacks, tries
from grading.sandbox.client import Sandbox

HEAD = """# What has been tried

Written by `dgm-grade prove {homework} --attacks`. A blank notebook scores 0.

| attack | tries | score | what stopped it |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Attempt:
    """One attack after grading."""

    name: str
    tries: str
    score: float
    stopped_by: str


def table_path(work: Homework) -> Path:
    """Where the kept table lies."""
    return ATTACKS / work.id / "table.md"


def usual_tasks(work: Homework) -> tuple[Task, ...]:
    """Three that every attack is graded on, whichever it answers."""
    return work.tasks[::4]


def tasks_of(work: Homework, path: Path) -> tuple[Task, ...]:
    """The usual three tasks and those that the attack answers."""
    return tuple(dict.fromkeys((*map(work.task, answered(path)), *usual_tasks(work))))


def handed_in(work: Homework, path: Path, folder: Path) -> tuple[bytes, Collected]:
    """The bytes that an attack puts into the course folder, and what was said when it was collected."""
    (folder / "downloads").mkdir()
    namespace = runpy.run_path(str(path)) if path.parent.name == "files" else {}
    (folder / "downloads" / namespace.get("NAME", "mallory.ipynb")).write_bytes(attack(work, path))
    (collected,) = collect(folder / "downloads", folder, work)
    return submitted_bytes(submitted_path(folder, work.id, "mallory")), collected


def attempts(work: Homework, progress: Callable[[int, int, str], None]) -> Iterator[Attempt]:
    """Grade every attack, one after the other."""
    with Sandbox() as sandbox:
        for number, path in enumerate(attacks(work)):
            progress(number, len(attacks(work)), path.stem)
            with tempfile.TemporaryDirectory() as folder:
                content, collected = handed_in(work, path, Path(folder))
            result = grade_submission(work, "mallory", content, sandbox, b"attacks", tasks_of(work, path))
            yield Attempt(path.stem, tries(path), result.score, stopped_by(collected, result))


def stopped_by(collected: Collected, result: Result) -> str:
    """The first thing that went wrong for the attacker, in the grader's own words.

    A name that is missing comes last: the attack does not answer that test, so the test says nothing about it.
    """
    if not collected.taken:
        return f"not collected: {collected.line}"
    if result.notes:
        return "rebuilt: " + result.notes[0]
    failed = [test for task in result.tasks for test in task.tests if not test.passed]
    answered = [test for test in failed if test.kind != "unwritten"]
    if not answered:
        return "it ran confined, or not at all, and what the tests ask is still not written"
    first = min(answered, key=lambda test: test.kind == "missing")
    return f"{first.kind}: {first.got}"


def keep_attempts(found: list[Attempt], work: Homework) -> None:
    """Write the table."""
    rows = (
        f"| {one.name} | {_cell(one.tries)} | {one.score:g} | {_cell(one.stopped_by)} |\n" for one in found
    )
    write_atomically(table_path(work), (HEAD.format(homework=work.id) + "".join(rows)).encode())


def _cell(text: str) -> str:
    line = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in " ".join(text.split()))
    return line.replace("|", "\\|").replace("<", "&lt;")
