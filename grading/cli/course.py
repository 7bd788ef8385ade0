"""The commands before anything is graded: look at the machine, release, collect."""

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from grading.cli.base import Course, HomeworkName, Isolation, app, console, find_homework, say
from grading.sandbox.outcome import SandboxError


@app.command(epilog="Examples:  dgm-grade doctor  ·  dgm-grade doctor --isolation landlock")
def doctor(
    isolation: Annotated[Isolation, typer.Option(help="Which confinement to try.")] = Isolation.auto,
) -> None:
    """Say what confines student code here and what each missing layer costs; then try to escape, which has to fail."""
    from grading.sandbox.doctor import diagnose, holdings

    layers = Table(
        "layer", "", "what it holds back, or what its lack costs and how to mend it", box=SIMPLE_HEAD
    )
    for holding in holdings(isolation):
        verdict = "[blue]✓ holds[/blue]" if holding.held else "[yellow]– not here[/yellow]"
        layers.add_row(holding.layer, verdict, escape(holding.meaning))
    console.print(layers)
    with console.status("trying to escape"):
        findings = diagnose(isolation)
    table = Table("a worker could …", "", "what to do", box=SIMPLE_HEAD)
    for finding in findings:
        verdict = "[blue]✓ no[/blue]" if finding.held else "[yellow]✗ YES[/yellow]"
        table.add_row(escape(finding.attempt), verdict, "" if finding.held else escape(finding.fix))
    console.print(table)
    escaped = [finding for finding in findings if not finding.held]
    if escaped:
        raise SandboxError(f"{len(escaped)} of {len(findings)} attempts succeeded; see what to do above.")
    say(f"All {len(findings)} attempts to escape failed: this machine can grade.")


@app.command(epilog="Examples:  dgm-grade release hw1 --course fall  ·  dgm-grade release hw1")
def release(name: HomeworkName, course: Course = Path()) -> None:
    """Make the course folder and the notebook that students get."""
    from grading.pipeline.material.release import release as release_homework

    path = release_homework(course, find_homework(name))
    say(f"Released {escape(str(path))}. Next: dgm-grade collect {name} DOWNLOADS")


@app.command(
    epilog="Examples:  dgm-grade collect hw1 downloads --course fall  ·  dgm-grade collect hw1 submissions.zip"
)
def collect(
    name: HomeworkName,
    folder: Annotated[Path, typer.Argument(help="A folder, or the zip file of a whole class.")],
    course: Course = Path(),
) -> None:
    """Take hand-ins over into the course folder, one student at a time.

    Whose a file is, its name says: Canvas' doejane_LATE_12345_67890_hw1.ipynb is doejane_12345's, Moodle's
    "Jane Doe_12345_assignsubmission_file_/hw1.ipynb" Jane-Doe_12345's; submission_12345/ is Gradescope's, whose
    submission_metadata.yml names the submitters' e-mails; jane.ipynb, jane-hw1.zip and jane/hw1.ipynb are jane's.

    Of several hand-ins of one student the newest counts.
    """
    from grading.pipeline.handins.collect import collect as collect_folder
    from grading.pipeline.material.release import open_course

    open_course(course)
    entries = list(collect_folder(folder, course, find_homework(name)))
    for entry in entries:
        mark = "[blue]✓[/blue]" if entry.taken else "[yellow]✗[/yellow]"
        say(f"{mark} {escape(entry.name)}: {escape(entry.line)}")
    say(f"{sum(e.taken for e in entries)} of {len(entries)} taken. Next: dgm-grade run {name}")
