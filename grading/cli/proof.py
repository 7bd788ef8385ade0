"""The commands that show the grader itself: prove its hidden tests, or grade a sample class."""

from typing import Annotated

import typer
from rich.markup import escape

from grading.cli.base import (
    HomeworkName,
    Processes,
    app,
    console,
    find_homework,
    find_task,
    progress_bar,
    say,
)
from grading.pipeline.course.errors import CourseError


@app.command(
    epilog="Examples:  dgm-grade prove hw1  ·  dgm-grade prove hw1 --task made  ·  dgm-grade prove hw1 --full"
)
def prove(
    name: HomeworkName,
    full: Annotated[
        bool, typer.Option("--full", help="Whole hand-ins and many seeds, kept beside the bank; takes long.")
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1, help="Only measure, with this many seeds, how often a test fails right code; kept as well."
        ),
    ] = None,
    attacks: Annotated[
        bool, typer.Option("--attacks", help="Only grade the attacks; the table is kept beside them.")
    ] = False,
    task: Annotated[
        str | None,
        typer.Option("--task", help="Only prove this one task, by number or name, while it is written."),
    ] = None,
    processes: Processes = None,
) -> None:
    """Test the hidden tests: they must reject every wrong version and no right one."""
    from grading.pipeline.pages.tables import certificate_table, proof_table
    from grading.pipeline.proof.attacks import attempts, keep_attempts, table_path
    from grading.pipeline.proof.certificate import certify, keep_certificate
    from grading.pipeline.proof.prove import keep
    from grading.pipeline.proof.prove import prove as prove_homework
    from grading.pipeline.proof.use import keep_use

    work = find_homework(name)
    if task and (full or seeds or attacks):
        raise CourseError(
            "--task goes alone: the kept proof, the rates and the attacks are of the whole homework."
        )
    only = find_task(work, task) if task else None
    if attacks:
        with progress_bar("attacking") as progress:
            found = list(attempts(work, progress))
        keep_attempts(found, work)
        holes = [one for one in found if one.score > 0]
        for hole in holes:
            say(f"[yellow]✗[/yellow] {hole.name} earns {hole.score:g}: {escape(hole.tries)}")
        say(f"{len(found) - len(holes)} of {len(found)} attacks earn nothing; see {table_path(work)}.")
        raise typer.Exit(1 if holes else 0)
    if seeds:
        with progress_bar("certifying") as progress:
            rates = certify(work, seeds, processes=processes, progress=progress)
        keep_certificate(rates, work)
        certificate_table(rates, console)
        raise typer.Exit(1 if any(rate.failed for rate in rates) else 0)
    with progress_bar("proving") as progress:
        proof = prove_homework(work, full=full, only=only, processes=processes, progress=progress)
    if full:
        keep(proof, work)
        keep_use(work)
    proof_table(proof, console)
    raise typer.Exit(1 if proof.breaches() else 0)


@app.command(epilog="Examples:  dgm-grade demo")
def demo() -> None:
    """Grade a sample class, honest, wrong, careless and hostile, from release to feedback."""
    from grading.demo import main as show

    show(app)
