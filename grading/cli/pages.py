"""The commands that tell people: feedback for students, grades for the university, a report for the instructor."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from grading.cli.base import Course, HomeworkName, System, app, console, find_homework, say
from grading.pipeline.course.errors import CourseError


@app.command(epilog="Examples:  dgm-grade feedback hw1 --course fall")
def feedback(name: HomeworkName, course: Course = Path()) -> None:
    """Write a page for every student: what holds, what does not and why, and what to do next."""
    from grading.pipeline.course.keys import course_key
    from grading.pipeline.grades.gradebook import read_ledger
    from grading.pipeline.marking.results import read_results
    from grading.pipeline.pages.feedback import write_feedback

    work = find_homework(name)
    ledgers = read_ledger(course, work)
    results = read_results(course, name, course_key(course))
    if not results:
        raise CourseError(f"{course} holds no results of {name}: run `dgm-grade run {name}` first.")
    for result in results:
        write_feedback(course, work, result, ledgers.get(result.student))
    say(f"Wrote {len(results)} pages below {escape(str(course / 'feedback'))}.")


@app.command(epilog="Examples:  dgm-grade export hw1 --course fall --system canvas --out hw1.csv")
def export(
    name: HomeworkName,
    course: Course = Path(),
    system: Annotated[System, typer.Option(help="Whose columns.")] = System.plain,
    out: Annotated[Path | None, typer.Option(help="The file; by default HOMEWORK-SYSTEM.csv.")] = None,
) -> None:
    """Write the grades in the gradebook as CSV."""
    from grading.pipeline.grades.export import export_grades
    from grading.pipeline.grades.gradebook import read_ledger

    work = find_homework(name)
    ledgers = read_ledger(course, work)
    if not ledgers:
        raise CourseError(f"The gradebook holds no grades of {name}: run `dgm-grade run {name}` first.")
    path = out or Path(f"{name}-{system}.csv")
    export_grades(path, work, ledgers, system)
    say(f"Wrote {len(ledgers)} grades to {escape(str(path))}.")


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
    from grading.pipeline.course.keys import course_key
    from grading.pipeline.grades.course_total import course_totals, write_course_csv
    from grading.pipeline.grades.gradebook import read_ledger
    from grading.pipeline.marking.results import read_results
    from grading.pipeline.pages.report import report_page, write_report
    from grading.pipeline.pages.similarity import class_solutions, similar_pairs

    work = find_homework(name)
    ledgers = read_ledger(course, work)
    results = read_results(course, name, course_key(course))
    if not results:
        raise CourseError(f"{course} holds no results of {name}: run `dgm-grade run {name}` first.")
    totals = course_totals(course, others) if others else []
    with console.status("comparing hand-ins"):
        pairs = similar_pairs(work, class_solutions(course, work))
    path = out or Path(f"{name}-report.html")
    write_report(path, report_page(work, results, ledgers, pairs, totals))
    say(f"Wrote the report on {len(results)} hand-ins to {escape(str(path))}.")
    if others:
        write_course_csv(path.with_name("course.csv"), totals)
        say(
            f"Wrote the course points of {len(totals)} students to {escape(str(path.with_name('course.csv')))}."
        )
