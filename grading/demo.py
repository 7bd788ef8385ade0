"""`make demo`: what an instructor types for each homework, on a sample class, from release to grades."""

import os
import shutil
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from nbgrader.api import Gradebook
from rich.console import Console
from typer import Typer

from dgm_course.homework.course import HOMEWORKS, Homework, homework
from grading.pipeline.marking.results import result_path
from grading.pipeline.material.notebooks import ROOT
from grading.pipeline.material.release import open_course
from grading.pipeline.material.sample_class import HandIn, sample_class
from grading.pipeline.pages.feedback import feedback_path

FOLDER = ROOT / "build" / "demo"
COURSE = FOLDER / "course"
DOWNLOADS = FOLDER / "downloads"


def main(app: Typer) -> None:
    """Build the class, run every command of `app` on it, and say where to look."""
    console = Console()
    start = time.monotonic()

    def command(*words: object) -> None:
        shown = " ".join(
            os.path.relpath(str(word)) if str(word).startswith("/") else str(word) for word in words
        )
        console.print(f"\n[bold]$ dgm-grade {shown}[/bold]", highlight=False)
        status = app([str(word) for word in words], standalone_mode=False)
        if status:
            raise SystemExit(status)

    shutil.rmtree(FOLDER, ignore_errors=True)
    command("doctor")
    for name in HOMEWORKS:
        grade_class(homework(name), command, console)
    console.print(f"\nFrom doctor to grades in {time.monotonic() - start:.0f} s.")


def grade_class(work: Homework, command: Callable[..., None], console: Console) -> None:
    """One homework from release to export; who makes trouble does so in the first one."""
    due = datetime.now(UTC) - timedelta(days=1)
    members = sample_class(work, troubled=work.id == HOMEWORKS[0])
    grades, report = FOLDER / f"{work.id}.csv", FOLDER / f"{work.id}-report.html"
    command("release", work.id, "--course", COURSE)
    set_due_date(work.id, due)
    for member in members:
        download(member, work.id, due)
    command("collect", work.id, DOWNLOADS / work.id, "--course", COURSE)
    command("run", work.id, "--course", COURSE)
    command("feedback", work.id, "--course", COURSE)
    command("report", work.id, "--course", COURSE, "--out", report)
    command("export", work.id, "--course", COURSE, "--out", grades)

    console.print(f"\n[bold]The class in {work.id}, {work.title.lower()}[/bold]")
    for member in members:
        console.print(f"  {member.student}  {member.kind}", highlight=False)
    one = members[7].student
    console.print("\n[bold]Where to look[/bold]")
    for what, path in {
        "report": report,
        "gradebook": COURSE / "gradebook.db",
        "grades": grades,
        "feedback": feedback_path(COURSE, work, one),
        "result": result_path(COURSE, work.id, one),
    }.items():
        console.print(f"  {what:10}{path.relative_to(ROOT)}", highlight=False, soft_wrap=True)


def set_due_date(name: str, due: datetime) -> None:
    """Set the due date of a homework in the gradebook, as formgrader's dialogue does."""
    directory = open_course(COURSE)
    with Gradebook(directory.db_url, directory.course_id) as gradebook:
        gradebook.update_or_create_assignment(name, duedate=due.strftime("%Y-%m-%d %H:%M:%S UTC"))


def download(member: HandIn, name: str, due: datetime) -> None:
    """Put a hand-in where a browser would: every third one as the notebook itself, the others zipped."""
    folder = DOWNLOADS / name
    folder.mkdir(parents=True, exist_ok=True)
    when = (due + timedelta(hours=member.hours_late - 1)).timestamp()
    if int(member.student[-2:]) % 3 == 0:
        path = folder / f"{member.student}.ipynb"
        path.write_bytes(member.content)
    else:
        path = folder / f"{member.student}-{name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}.ipynb", member.content)
    os.utime(path, (when, when))
