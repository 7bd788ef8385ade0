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
from rich.box import SIMPLE_HEAD
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
from rich.table import Table

from grading.pipeline.errors import CourseError
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
    _say(f"All {len(findings)} attempts to escape failed: this machine can grade.")


@app.command(epilog="Examples:  dgm-grade release hw1 --course fall  ·  dgm-grade release hw1")
def release(name: HomeworkName, course: Course = Path()) -> None:
    """Make the course folder and the notebook that students get."""
    from grading.pipeline.release import release as release_homework

    path = release_homework(course, _homework(name))
    _say(f"Released {escape(str(path))}. Next: dgm-grade collect {name} DOWNLOADS")


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
    from grading.pipeline.collect import collect as collect_folder
    from grading.pipeline.release import open_course

    open_course(course)
    entries = list(collect_folder(folder, course, _homework(name)))
    for entry in entries:
        mark = "[blue]✓[/blue]" if entry.taken else "[yellow]✗[/yellow]"
        _say(f"{mark} {escape(entry.name)}: {escape(entry.line)}")
    _say(f"{sum(e.taken for e in entries)} of {len(entries)} taken. Next: dgm-grade run {name}")


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
    from grading.pipeline.drafts import alone
    from grading.pipeline.gradebook import import_results, read_ledger
    from grading.pipeline.release import open_course
    from grading.pipeline.run import run_class
    from grading.pipeline.tables import class_table

    work = _homework(name)
    open_course(course)
    with alone(course), _progress("grading") as progress:
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
        _say(f"[yellow]✗[/yellow] {escape(student)} could not be graded: {escape(repr(error))}")
    _say(f"Next: dgm-grade feedback {name}")
    if failures:
        raise typer.Exit(1)


@app.command(epilog="Examples:  dgm-grade regrade hw1 --course fall")
def regrade(name: HomeworkName, course: Course = Path(), processes: Processes = None) -> None:
    """Judge all kept answers by today's tests: new points and tolerances count, and no student code runs."""
    from grading.pipeline.gradebook import import_results
    from grading.pipeline.keys import course_key
    from grading.pipeline.release import open_course
    from grading.pipeline.results import read_results
    from grading.pipeline.transcripts import regrade as judge_again

    work = _homework(name)
    open_course(course)
    outcomes = list(judge_again(course, work, processes))
    if not outcomes:
        raise CourseError(f"{course} holds no results of {name}: run `dgm-grade run {name}` first.")
    import_results(course, work, read_results(course, name, course_key(course)))
    left = 0
    for student, old, new in outcomes:
        if isinstance(new, str):
            left += 1
            _say(f"[yellow]✗[/yellow] {escape(student)} keeps its result: {escape(new)}")
        elif new != old:
            _say(f"{escape(student)}: {old:g} → {new:g}")
    _say(f"{len(outcomes) - left} of {len(outcomes)} judged again from what their code had answered.")
    if left:
        _say(f"Next: dgm-grade run {name} runs the code of those whose result is no longer current.")


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
    from grading.pipeline.keys import course_key
    from grading.pipeline.questions import show_questions
    from grading.pipeline.release import open_course
    from grading.pipeline.transcripts import replay as judge_again

    work = _homework(name)
    open_course(course)
    old, new, transcript = judge_again(course, work, student, course_key(course))
    chosen = [_task(work, task)] if task else []
    for each in chosen:
        show_questions(console, each, new.task(each.id), transcript)
    for before, now in zip(old.tasks, new.tasks, strict=True):
        _say(
            f"{now.number:>2} {escape(now.title)}: {before.score:g} then, {now.score:g} now, of {now.points:g}"
        )
    _say(f"{escape(student)}: {old.score:g} of {old.max_score:g} then, {new.score:g} now.")
    raise typer.Exit(0 if old.score == new.score else 1)


@app.command(epilog="Examples:  dgm-grade verify hw1 --course fall")
def verify(name: HomeworkName, course: Course = Path()) -> None:
    """Check that every result is signed by this course, and is of the file, tests and versions that are here now."""
    from grading.pipeline.release import open_course
    from grading.pipeline.verify import verify as verify_results

    open_course(course)
    doubtful = 0
    students = list(verify_results(course, _homework(name)))
    for student, doubts in students:
        doubtful += bool(doubts)
        for doubt in doubts:
            _say(f"[yellow]✗[/yellow] {escape(student)}: {escape(doubt)}")
    if not students:
        raise CourseError(
            f"{course} holds no hand-ins of {name}: run `dgm-grade collect {name} FOLDER` first."
        )
    _say(f"{len(students) - doubtful} of {len(students)} results can be defended.")
    raise typer.Exit(1 if doubtful else 0)


@app.command(epilog="Examples:  dgm-grade feedback hw1 --course fall")
def feedback(name: HomeworkName, course: Course = Path()) -> None:
    """Write a page for every student: what holds, what does not and why, and what to do next."""
    from grading.pipeline.feedback import write_feedback
    from grading.pipeline.gradebook import read_ledger
    from grading.pipeline.keys import course_key
    from grading.pipeline.results import read_results

    work = _homework(name)
    ledgers = read_ledger(course, work)
    results = read_results(course, name, course_key(course))
    if not results:
        raise CourseError(f"{course} holds no results of {name}: run `dgm-grade run {name}` first.")
    for result in results:
        write_feedback(course, work, result, ledgers.get(result.student))
    _say(f"Wrote {len(results)} pages below {escape(str(course / 'feedback'))}.")


@app.command(epilog="Examples:  dgm-grade export hw1 --course fall --system canvas --out hw1.csv")
def export(
    name: HomeworkName,
    course: Course = Path(),
    system: Annotated[System, typer.Option(help="Whose columns.")] = System.plain,
    out: Annotated[Path | None, typer.Option(help="The file; by default HOMEWORK-SYSTEM.csv.")] = None,
) -> None:
    """Write the grades in the gradebook as CSV."""
    from grading.pipeline.export import export_grades
    from grading.pipeline.gradebook import read_ledger

    work = _homework(name)
    ledgers = read_ledger(course, work)
    if not ledgers:
        raise CourseError(f"The gradebook holds no grades of {name}: run `dgm-grade run {name}` first.")
    path = out or Path(f"{name}-{system}.csv")
    export_grades(path, work, ledgers, system)
    _say(f"Wrote {len(ledgers)} grades to {escape(str(path))}.")


@app.command(
    epilog="Examples:  dgm-grade report hw1 --course fall  ·  dgm-grade report hw1 --others exam-and-project.csv"
)
def report(
    name: HomeworkName,
    course: Course = Path(),
    out: Annotated[Path | None, typer.Option(help="The page; by default HOMEWORK-report.html.")] = None,
    others: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Columns student, exam, project, for the course total, which also goes to course.csv beside the page.",
        ),
    ] = None,
) -> None:
    """Write a page on the class: spread, tasks, tests, misconceptions, time, and which hand-ins want a look."""
    from grading.pipeline.course_total import course_totals, write_course_csv
    from grading.pipeline.gradebook import read_ledger
    from grading.pipeline.keys import course_key
    from grading.pipeline.report import report_page, write_report
    from grading.pipeline.results import read_results
    from grading.pipeline.similarity import class_solutions, similar_pairs

    work = _homework(name)
    ledgers = read_ledger(course, work)
    results = read_results(course, name, course_key(course))
    if not results:
        raise CourseError(f"{course} holds no results of {name}: run `dgm-grade run {name}` first.")
    totals = course_totals(course, others) if others else []
    with console.status("comparing hand-ins"):
        pairs = similar_pairs(work, class_solutions(course, work))
    path = out or Path(f"{name}-report.html")
    write_report(path, report_page(work, results, ledgers, pairs, totals))
    _say(f"Wrote the report on {len(results)} hand-ins to {escape(str(path))}.")
    if others:
        write_course_csv(path.with_name("course.csv"), totals)
        _say(
            f"Wrote the course points of {len(totals)} students to {escape(str(path.with_name('course.csv')))}."
        )


@app.command(
    epilog="Examples:  dgm-grade prove hw1  ·  dgm-grade prove hw1 --full  ·  dgm-grade prove hw1 --seeds 1000"
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
    processes: Processes = None,
) -> None:
    """Test the hidden tests: they must reject every wrong version and no right one."""
    from grading.pipeline.certificate import certify, keep_certificate
    from grading.pipeline.prove import keep
    from grading.pipeline.prove import prove as prove_homework
    from grading.pipeline.tables import certificate_table, proof_table
    from grading.pipeline.use import keep_use

    work = _homework(name)
    if seeds:
        with _progress("certifying") as progress:
            rates = certify(work, seeds, processes=processes, progress=progress)
        keep_certificate(rates, work)
        certificate_table(rates, console)
        raise typer.Exit(1 if any(rate.failed for rate in rates) else 0)
    with _progress("proving") as progress:
        proof = prove_homework(work, full=full, processes=processes, progress=progress)
    if full:
        keep(proof, work)
        keep_use(work)
    proof_table(proof, console)
    raise typer.Exit(1 if proof.breaches() else 0)


@app.command(epilog="Examples:  dgm-grade demo")
def demo() -> None:
    """Grade a sample class, honest, wrong, careless and hostile, from release to feedback."""
    from grading.pipeline.demo import main as show

    show()


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int, str], None]]:
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


def _homework(name: str) -> "Homework":
    from dgm_course.homework.course import homework

    try:
        return homework(name)
    except KeyError as error:
        raise CourseError(f"{error.args[0]}.") from None


def _task(work: "Homework", name: str) -> "Task":
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


def _say(line: str) -> None:
    console.print(line, soft_wrap=True, highlight=False)


def _fail(error: object, status: int) -> None:
    print(f"dgm-grade: {error}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
