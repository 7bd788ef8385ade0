"""Grade one hand-in: rebuild it, run the hidden tests on it, mark follow-through, sum what passed.

The unit of work is pure: the same bytes, suite, environment and secret give the same result.
"""

import hashlib
import platform
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from nbformat import NotebookNode

import dgm_course
from dgm_course.homework.course import Homework, Task
from grading.pipeline.handins.rebuild import rebuild
from grading.pipeline.marking.results import (
    Result,
    ResultError,
    TaskResult,
    TestResult,
    read_result,
    result_path,
)
from grading.pipeline.marking.suite import HIDDEN, HiddenSuite
from grading.pipeline.marking.workers import TaskRun
from grading.pipeline.material.bank import recognise
from grading.pipeline.material.notebooks import reference_cells, release_notebook, release_path
from grading.sandbox.client import Sandbox
from grading.sandbox.transcript import Replay


def grade_submission(
    work: Homework,
    student: str,
    content: bytes,
    sandbox: Sandbox | Replay,
    secret: bytes,
    tasks: tuple[Task, ...] | None = None,
) -> Result:
    """Grade the bytes that a student handed in; every byte string gets a result.

    Args:
        work: the homework.
        student: whose secret inputs the hidden tests draw.
        content: the notebook file as it was handed in.
        sandbox: where the student's code runs.
        secret: the course secret, from which secret inputs come.
        tasks: the tasks to grade; all of them when None.
    """
    tasks = tasks or work.tasks
    release = release_notebook(work)
    rebuilt = rebuild(release, content)
    attempted = _attempted(release, rebuilt.notebook)
    poisonous: set[str] = set()

    def suite(replaced: dict[str, str] | None = None) -> HiddenSuite:
        return HiddenSuite(
            sandbox,
            work,
            rebuilt.notebook,
            student=student,
            secret=secret,
            replaced=replaced,
            poisonous=poisonous,
        )

    runs = suite().try_together(tasks)
    uncertain = tuple(task for task in tasks if runs[task.id].uncertain)
    if uncertain:
        runs |= suite().grade(uncertain)
    graded = {task.id: _task_result(work, task, runs[task.id]) for task in tasks}
    for task in tasks:
        own = graded[task.id]
        broken = tuple(
            need for need in task.needs if need in graded and graded[need].score < graded[need].points
        )
        if broken and task.id in attempted and own.score < own.points:
            reference = reference_cells(work)
            again = suite({need: reference[need] for need in broken}).grade((task,))[task.id]
            again.cell = (
                None  # nothing that the reference prints may reach the student, nor what its source says
            )
            again.tests = [_without_details(test) for test in again.tests]
            followed = _task_result(work, task, again, follow_through=broken)
            if followed.score > own.score:
                graded[task.id] = followed
    return Result(
        homework=work.id,
        student=student,
        max_score=float(sum(task.points for task in tasks)),
        tasks=tuple(graded.values()),
        notes=tuple(rebuilt.notes),
        isolation=sandbox.isolation,
        submission_sha256=hashlib.sha256(content).hexdigest(),
        suite_sha256=suite_fingerprint(work),
        environment_sha256=environment_fingerprint(),
        seed_sha256=hashlib.sha256(secret + student.encode()).hexdigest(),
    )


def stored_result(
    course: Path, work: Homework, student: str, content: bytes, isolation: str, key: bytes
) -> Result | None:
    """The result that the course folder holds, if grading these bytes now would give it again."""
    try:
        result = read_result(result_path(course, work.id, student), key)
    except (FileNotFoundError, ResultError):
        return None
    return result if _is_current(result, work, student, content, isolation) else None


def _is_current(result: Result, work: Homework, student: str, content: bytes, isolation: str) -> bool:
    return (
        (result.homework, result.student) == (work.id, student)  # and no copy of another's
        and result.submission_sha256 == hashlib.sha256(content).hexdigest()
        and result.suite_sha256 == suite_fingerprint(work)
        and result.environment_sha256 == environment_fingerprint()
        and result.isolation == isolation
    )


def _task_result(
    work: Homework, task: Task, run: TaskRun, follow_through: tuple[str, ...] = ()
) -> TaskResult:
    failed = frozenset(test.name for test in run.tests if not test.passed)
    return TaskResult(
        id=task.id,
        number=task.number,
        title=task.title,
        points=task.points,
        tests=tuple(run.tests),
        follow_through=follow_through,
        cpu_seconds=run.usage.cpu_seconds,
        wall_seconds=run.usage.wall_seconds,
        busy_seconds=run.usage.busy_seconds,
        peak_memory_mib=run.usage.peak_memory_mib,
        cpu_budget=task.cpu_seconds,
        # what fails every test says nothing of itself: a blank cell does so too
        misconception=recognise(work, task, failed) if len(failed) < len(run.tests) else None,
        outputs=tuple(run.cell.outputs) if run.cell else (),
    )


def _without_details(test: TestResult) -> TestResult:
    """A failed test whose message holds nothing that came from the worker, in which the reference lay."""
    if test.passed:
        return test
    got = "something else; no details, because the reference stood in for an earlier task here"
    return replace(test, got=got, picture=None)


def _attempted(release: NotebookNode, notebook: NotebookNode) -> set[str]:
    """The ids of cells whose source the student changed: a blank task earns nothing by follow-through."""
    skeletons = {cell.id: cell.source for cell in release.cells}
    return {cell.id for cell in notebook.cells if skeletons.get(cell.id) != cell.source}


@cache
def suite_fingerprint(work: Homework) -> str:
    """SHA-256 of everything trusted that decides a score.

    Hidden tests, property asserts, the release, the tasks with their budgets, and the reference, which stands in
    for failed prerequisites.
    """
    testing = Path(dgm_course.__file__).parent / "testing"
    files = [*(HIDDEN / work.id).glob("*.py"), *testing.glob("*.py"), release_path(work)]
    digest = hashlib.sha256(repr((work, sorted(reference_cells(work).items()))).encode())
    for path in sorted(files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@cache
def environment_fingerprint() -> str:
    """SHA-256 of the versions that numbers depend on."""
    versions = [platform.python_version(), platform.machine(), *map(version, ("torch", "numpy", "scipy"))]
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()
