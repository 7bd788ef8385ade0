"""The commands that give points, and those that defend them: run, regrade, replay, verify."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from grading.cli.base import (
    Course,
    HomeworkName,
    Isolation,
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
    epilog="Examples:  dgm-grade run hw1 --course fall  ·  dgm-grade run hw1 --scheduler tcp://node1:8786"
)
def run(
    name: HomeworkName,
    course: Course = Path(),
    processes: Processes = None,
    isolation: Annotated[Isolation, typer.Option(help="How to confine student code.")] = Isolation.auto,
    trusted: Annotated[
        bool,
        typer.Option("--i-trust-these-notebooks", help="Needed for --isolation none; results are stamped."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has a current result.")] = False,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Grade on the workers of this Dask scheduler.")
    ] = None,
) -> None:
    """Grade every collected hand-in that has no current result, and fill the gradebook."""
    from grading.pipeline.course.drafts import alone
    from grading.pipeline.grades.gradebook import import_results, read_ledger
    from grading.pipeline.material.release import open_course
    from grading.pipeline.pages.tables import class_table
    from grading.pipeline.running.run import run_class

    work = find_homework(name)
    open_course(course)
    with alone(course), progress_bar("grading") as progress:
        results, failures = run_class(
            course,
            work,
            processes=processes,
            isolation=isolation,
            trusted=trusted,
            force=force,
            scheduler=scheduler,
            progress=progress,
        )
    if not results and not failures:
        raise CourseError(
            f"{course} holds no hand-ins of {name}: run `dgm-grade collect {name} FOLDER` first."
        )
    import_results(course, work, results)
    class_table(results, console, read_ledger(course, work))
    for student, error in failures.items():
        say(f"[yellow]✗[/yellow] {escape(student)} could not be graded: {escape(repr(error))}")
    say(f"Next: dgm-grade feedback {name}")
    if failures:
        raise typer.Exit(1)


@app.command(epilog="Examples:  dgm-grade regrade hw1 --course fall")
def regrade(name: HomeworkName, course: Course = Path(), processes: Processes = None) -> None:
    """Judge all kept answers by today's tests: new points and tolerances count, and no student code runs."""
    from grading.pipeline.course.keys import course_key
    from grading.pipeline.grades.gradebook import import_results
    from grading.pipeline.marking.results import read_results
    from grading.pipeline.marking.transcripts import regrade as judge_again
    from grading.pipeline.material.release import open_course

    work = find_homework(name)
    open_course(course)
    outcomes = list(judge_again(course, work, processes))
    if not outcomes:
        raise CourseError(f"{course} holds no results of {name}: run `dgm-grade run {name}` first.")
    import_results(course, work, read_results(course, name, course_key(course)))
    left = 0
    for student, old, new in outcomes:
        if isinstance(new, str):
            left += 1
            say(f"[yellow]✗[/yellow] {escape(student)} keeps its result: {escape(new)}")
        elif new != old:
            say(f"{escape(student)}: {old:g} → {new:g}")
    say(f"{len(outcomes) - left} of {len(outcomes)} judged again from what their code had answered.")
    if left:
        say(f"Next: dgm-grade run {name} runs the code of those whose result is no longer current.")


@app.command(epilog="Examples:  dgm-grade replay hw1 student-03 --course fall --task made")
def replay(
    name: HomeworkName,
    student: Annotated[str, typer.Argument(help="Whose hand-in.")],
    course: Course = Path(),
    task: Annotated[
        str | None, typer.Option(help="Show every question of this task, and its answer.")
    ] = None,
) -> None:
    """Judge one hand-in's kept answers again before your eyes, for an appeal; no student code runs."""
    from grading.pipeline.course.keys import course_key
    from grading.pipeline.marking.questions import show_questions
    from grading.pipeline.marking.transcripts import replay as judge_again
    from grading.pipeline.material.release import open_course

    work = find_homework(name)
    open_course(course)
    old, new, transcript = judge_again(course, work, student, course_key(course))
    chosen = [find_task(work, task)] if task else []
    for each in chosen:
        show_questions(console, each, new.task(each.id), transcript)
    for before, now in zip(old.tasks, new.tasks, strict=True):
        say(
            f"{now.number:>2} {escape(now.title)}: {before.score:g} then, {now.score:g} now, of {now.points:g}"
        )
    say(f"{escape(student)}: {old.score:g} of {old.max_score:g} then, {new.score:g} now.")
    raise typer.Exit(0 if old.score == new.score else 1)


@app.command(epilog="Examples:  dgm-grade verify hw1 --course fall")
def verify(name: HomeworkName, course: Course = Path()) -> None:
    """Check that every result is signed by this course, and is of the file, tests and versions that are here now."""
    from grading.pipeline.marking.verify import verify as verify_results
    from grading.pipeline.material.release import open_course

    open_course(course)
    doubtful = 0
    students = list(verify_results(course, find_homework(name)))
    for student, doubts in students:
        doubtful += bool(doubts)
        for doubt in doubts:
            say(f"[yellow]✗[/yellow] {escape(student)}: {escape(doubt)}")
    if not students:
        raise CourseError(
            f"{course} holds no hand-ins of {name}: run `dgm-grade collect {name} FOLDER` first."
        )
    say(f"{len(students) - doubtful} of {len(students)} results can be defended.")
    raise typer.Exit(1 if doubtful else 0)
