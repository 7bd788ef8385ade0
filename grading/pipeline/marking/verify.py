"""Whether a course's results can still be defended: signed by this course, and for these bytes, tests and versions."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from dgm_course.homework.course import Homework
from grading.pipeline.course.keys import course_key
from grading.pipeline.handins.submitted import submitted_bytes, submitted_path, submitted_students
from grading.pipeline.marking.results import ResultError, read_result, result_path
from grading.pipeline.marking.submission import environment_fingerprint, suite_fingerprint


def verify(course: Path, work: Homework) -> Iterator[tuple[str, list[str]]]:
    """Every student with a hand-in or a result, and what does not hold of the result: nothing, for a good one."""
    key = course_key(course)
    graded = {path.stem for path in result_path(course, work.id, "").parent.glob("*.json")}
    for student in sorted({*graded, *submitted_students(course, work.id)}):
        yield student, list(_doubts(course, work, student, key))


def _doubts(course: Path, work: Homework, student: str, key: bytes) -> Iterator[str]:
    try:
        result = read_result(result_path(course, work.id, student), key)
    except FileNotFoundError:
        yield "not graded"
        return
    except ResultError as error:
        yield str(error)
        return
    content = submitted_bytes(submitted_path(course, work.id, student))
    if (result.homework, result.student) != (work.id, student):
        yield f"a result of {result.student} for {result.homework}, put in another's place"
    if result.submission_sha256 != hashlib.sha256(content).hexdigest():
        yield "graded from another file than the one that lies in submitted/ now"
    if result.suite_sha256 != suite_fingerprint(work):
        yield "graded by other tests than today's"
    if result.environment_sha256 != environment_fingerprint():
        yield "graded with other versions of Python or torch"
    if not result.isolated:
        yield "graded without isolation"
