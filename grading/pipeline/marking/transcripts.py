"""Transcripts in a course folder: kept with every result, they let today's tests judge yesterday's answers.

A result is signed and names its transcript by hash, so a transcript can be believed as far as its result can.
"""

import hashlib
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from dgm_course.homework.course import Homework, Task, homework
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.course.errors import CourseError
from grading.pipeline.course.keys import course_key, subkey
from grading.pipeline.handins.submitted import submitted_bytes, submitted_path
from grading.pipeline.marking.results import Result, read_result, result_path, write_result
from grading.pipeline.marking.submission import grade_submission
from grading.sandbox.client import Sandbox
from grading.sandbox.transcript import Replay, Transcript, TranscriptError


@dataclass(frozen=True)
class Graded:
    """A result, and the packed transcript that it names by hash."""

    result: Result
    transcript: bytes


def grade(
    work: Homework,
    student: str,
    content: bytes,
    sandbox: Sandbox,
    secret: bytes,
    tasks: tuple[Task, ...] | None = None,
) -> Graded:
    """`grade_submission`, and what was said meanwhile."""
    sandbox.transcript = Transcript()
    try:
        result = grade_submission(work, student, content, sandbox, secret, tasks)
        packed = sandbox.transcript.dump()
    finally:
        sandbox.transcript.forget()
        sandbox.transcript = None
    return Graded(replace(result, transcript_sha256=hashlib.sha256(packed).hexdigest()), packed)


def keep(graded: Graded, course: Path, key: bytes) -> None:
    """Write the transcript, then the result that names it."""
    result = graded.result
    write_atomically(transcript_path(course, result.homework, result.student), graded.transcript)
    write_result(result, result_path(course, result.homework, result.student), key)


def transcript_path(course: Path, homework: str, student: str) -> Path:
    """Where the transcript of one hand-in is kept in a course folder."""
    return course / "transcripts" / homework / f"{student}.zst"


def read_transcript(course: Path, result: Result) -> Transcript:
    """The transcript that a result names; raises `CourseError` when it is gone or another."""
    path = transcript_path(course, result.homework, result.student)
    packed = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(packed).hexdigest() != result.transcript_sha256:
        raise CourseError(f"the transcript of {result.student} is missing, or not of this result")
    try:
        return Transcript.load(packed)
    except TranscriptError as error:
        raise CourseError(f"the transcript of {result.student} cannot be read: {error}") from None


def replay(course: Path, work: Homework, student: str, key: bytes) -> tuple[Result, Result, Transcript]:
    """The stored result of a hand-in, what today's tests say to the same answers, and these answers.

    No student code runs. Raises `CourseError` where result, transcript and hand-in do not belong together.
    """
    path = result_path(course, work.id, student)
    if not path.is_file():
        raise CourseError(f"{student} has no result of {work.id}")
    old = read_result(path, key)
    content = submitted_bytes(submitted_path(course, work.id, student))
    if hashlib.sha256(content).hexdigest() != old.submission_sha256:
        raise CourseError(f"{student} has handed in another file since")
    transcript = read_transcript(course, old)
    new = grade_submission(
        work, student, content, Replay(transcript, old.isolation), subkey(key, "inputs"), _tasks(work, old)
    )
    new = replace(
        new, transcript_sha256=old.transcript_sha256, environment_sha256=old.environment_sha256
    )  # the code ran then
    return old, new, transcript


def unanswered(result: Result) -> list[str]:
    """The tasks of a replayed result whose hidden tests asked what was never asked before, by id."""
    return [task.id for task in result.tasks if any(test.kind == "unanswered" for test in task.tests)]


def regrade(
    course: Path, work: Homework, processes: int | None = None
) -> Iterator[tuple[str, float, float | str]]:
    """Judge all kept answers by today's tests and write the results: student, old score, and new score or why not.

    A hand-in whose tests ask something new keeps its old result, which is no longer current: a run grades it anew.
    """
    key = course_key(course)
    students = [path.stem for path in sorted(result_path(course, work.id, "").parent.glob("*.json"))]
    one = partial(regrade_one, course, work.id, key)
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(one, students)


def regrade_one(course: Path, name: str, key: bytes, student: str) -> tuple[str, float, float | str]:
    """The same for one student, whose result is written."""
    try:
        old, new, _ = replay(course, homework(name), student, key)
    except CourseError as error:
        return student, 0.0, str(error)
    asked_anew = unanswered(new)
    if asked_anew:
        return student, old.score, f"today's tests of {', '.join(asked_anew)} ask what was never asked"
    write_result(new, result_path(course, name, student), key)
    return student, old.score, new.score


def _tasks(work: Homework, result: Result) -> tuple[Task, ...]:
    return tuple(work.task(task.id) for task in result.tasks)
