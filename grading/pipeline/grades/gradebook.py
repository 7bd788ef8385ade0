"""nbgrader's gradebook: results go in, scores with what people changed by hand come out.

There is one writer: results are imported together and in one transaction, so that a crash leaves the gradebook as
it was, and importing the same results again changes nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import compute_checksum
from sqlalchemy.exc import DatabaseError

from dgm_course.homework.course import Homework
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.course.errors import CourseError
from grading.pipeline.grades.autograded import graded_notebook
from grading.pipeline.grades.ledger import NO_RESPONSE, Ledger
from grading.pipeline.handins.rebuild import rebuild
from grading.pipeline.handins.submitted import handed_in_at, submitted_bytes, submitted_path
from grading.pipeline.marking.results import Result
from grading.pipeline.material.notebooks import release_notebook
from grading.pipeline.material.release import open_course


@contextmanager
def _usable() -> Iterator[None]:
    """A full disk or a damaged or busy gradebook is one line; what was not committed is not in it."""
    try:
        yield
    except DatabaseError as error:
        raise CourseError(
            f"The gradebook cannot be used ({error.orig}). All results are kept: mend this, and run the command again."
        ) from None


@_usable()
def import_results(course: Path, work: Homework, results: Iterable[Result]) -> None:
    """Write scores and comments to the gradebook and graded notebooks to `autograded/`, for formgrader."""
    directory = open_course(course)
    late = []
    with Gradebook(directory.db_url, directory.course_id) as gradebook, gradebook.db.no_autoflush:
        notebook = _notebook(gradebook, work)
        students = {student.id: student for student in gradebook.students}
        hand_ins = {hand_in.student_id: hand_in for hand_in in gradebook.assignment_submissions(work.id)}
        for result in results:
            hand_in = hand_ins.get(result.student)
            if hand_in is None:
                student = students.get(result.student) or Student(id=result.student)
                hand_in = _mirror(notebook, student)
                gradebook.db.add(hand_in)
            hand_in.timestamp = _timestamp(course, work, result.student)
            graded = _graded(course, work, result)
            _save(hand_in.notebooks[0], graded, result)
            _write_autograded(course, work, result.student, graded)
            if hand_in.total_seconds_late > 0:
                late.append(result.student)
        gradebook.db.commit()
    for student in late:
        names = {"notebook": work.id, "assignment": work.id, "student": student, "db_url": directory.db_url}
        AssignLatePenalties(config=directory.config).preprocess(
            nbformat.v4.new_notebook(), {"nbgrader": names}
        )


@_usable()
def read_ledger(course: Path, work: Homework, student: str = "") -> dict[str, Ledger]:
    """What the gradebook holds of a homework by student: of the class, or of one."""
    directory = open_course(course)
    with Gradebook(directory.db_url, directory.course_id) as gradebook:
        _notebook(gradebook, work)
        hand_ins = (
            [gradebook.find_submission(work.id, student)]
            if student
            else gradebook.assignment_submissions(work.id)
        )
        return {hand_in.student_id: _ledger(hand_in) for hand_in in hand_ins}


def _notebook(gradebook: Gradebook, work: Homework) -> Notebook:
    try:
        return gradebook.find_notebook(work.id, work.id)
    except MissingEntry:
        raise CourseError(
            f"{work.id} is not in the gradebook: run `dgm-grade release {work.id}` first."
        ) from None


def _mirror(notebook: Notebook, student: Student) -> SubmittedAssignment:
    """An empty hand-in with a row for every cell that can be graded or commented on, as nbgrader makes it."""
    hand_in = SubmittedAssignment(assignment=notebook.assignment, student=student)
    copy = SubmittedNotebook(notebook=notebook, assignment=hand_in)
    for cell in notebook.grade_cells:
        Grade(cell=cell, notebook=copy)
    for cell in notebook.solution_cells:
        Comment(cell=cell, notebook=copy)
    return hand_in


def _timestamp(course: Path, work: Homework, student: str) -> datetime | None:
    """When a hand-in came, in UTC without saying so, as nbgrader stores it; None when nobody noted it."""
    path = submitted_path(course, work.id, student)
    return handed_in_at(path).replace(tzinfo=None) if path.with_name("timestamp.txt").exists() else None


def _graded(course: Path, work: Homework, result: Result) -> NotebookNode:
    content = submitted_bytes(submitted_path(course, work.id, result.student))
    return graded_notebook(rebuild(release_notebook(work), content).notebook, result)


def _save(copy: SubmittedNotebook, graded: NotebookNode, result: Result) -> None:
    scores = {f"check-{task.id}": task.score for task in result.tasks}
    for grade in copy.grades:
        if grade.auto_score != scores[grade.cell.name]:
            grade.auto_score = scores[grade.cell.name]
            grade.needs_manual_grade = (
                grade.manual_score is not None
            )  # what was set by hand wants another look
    blank = {cell.id for cell in graded.cells if _is_blank(cell)}
    for comment in copy.comments:
        comment.auto_comment = NO_RESPONSE if comment.cell.name in blank else None


def _is_blank(cell: NotebookNode) -> bool:
    meta = cell.metadata.get("nbgrader", {})
    return bool(meta.get("solution")) and meta.get("checksum") == compute_checksum(cell)


def _write_autograded(course: Path, work: Homework, student: str, graded: NotebookNode) -> None:
    folder = course / "autograded" / student / work.id
    write_atomically(folder / f"{work.id}.ipynb", nbformat.writes(graded).encode())
    timestamp = submitted_path(course, work.id, student).with_name("timestamp.txt")
    if timestamp.exists():
        write_atomically(folder / "timestamp.txt", timestamp.read_bytes())


def _ledger(hand_in: SubmittedAssignment) -> Ledger:
    copy = hand_in.notebooks[0]
    return Ledger(
        scores={grade.cell.name.removeprefix("check-"): float(grade.score) for grade in copy.grades},
        comments={comment.cell.name: comment.comment for comment in copy.comments if comment.comment},
        timestamp=hand_in.timestamp,
        seconds_late=float(hand_in.total_seconds_late),
        penalty=float(copy.late_submission_penalty or 0.0),
    )
