"""The hidden tests as a pytest plugin: fixtures that reach the student's code, points, and four-part outcomes.

The plugin lives in the trusted process. Each test file is one task; its `student` fixture is a proxy to a
confined worker that ran the notebook's cells up to that task, so nothing a student wrote runs here.
"""

import contextlib
import hashlib
import hmac
import io
import logging
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from nbformat import NotebookNode

from dgm_course.homework.course import Homework, Task
from dgm_course.testing import PropertyError
from grading.pipeline.marking.results import TestResult
from grading.pipeline.marking.workers import CommonWorker, TaskRun, TaskWorker
from grading.sandbox import procfs
from grading.sandbox.client import Cell, Sandbox, SandboxError
from grading.sandbox.proxy import Student
from grading.sandbox.transcript import Replay

log = logging.getLogger(__name__)
HIDDEN = Path(__file__).parents[2] / "hidden"
MAX_POISONOUS = 4  # a notebook with more cells that kill their process loses all of its free cells
MAX_MESSAGE = 1000
MEMORY_BYTES = 4 * 2**30
# What nobody reads is not computed: it took as long as the tests' own arithmetic.
IDLE = """cacheprovider unraisableexception threadexception terminal logging faulthandler junitxml pastebin doctest
    capture debugging legacypath recwarn setuponly setupplan skipping stepwise subtests tmpdir unittest warnings"""
QUIET = (
    "--assert=plain",
    "--disable-plugin-autoload",
    *(f"-pno:{plugin}" for plugin in IDLE.split()),
)


def secret_seed(secret: bytes, *names: str) -> int:
    """A seed that nobody without the course secret can foresee: the first 63 bits of HMAC-SHA256 of the names."""
    digest = hmac.new(secret, "\n".join(names).encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8]) >> 1


@contextlib.contextmanager
def bounded_memory() -> Iterator[None]:
    """Allocations of this process beyond `MEMORY_BYTES` more than now fail, and with them only the test at hand.

    An answer is small, but a test's arithmetic may broadcast or stack odd shapes to any size.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bounds = [(procfs.status(os.getpid(), "VmData") << 10) + MEMORY_BYTES, soft, hard]
    lowest = min(bound for bound in bounds if bound != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_DATA, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


class HiddenSuite:
    """One run of hidden tests against one rebuilt notebook; `runs` holds the outcome by task id."""

    def __init__(
        self,
        sandbox: Sandbox | Replay,
        work: Homework,
        notebook: NotebookNode,
        *,
        student: str,
        secret: bytes,
        replaced: dict[str, str] | None = None,
        poisonous: set[str] | None = None,
    ) -> None:
        self.sandbox, self.work, self.notebook = sandbox, work, notebook
        self.student_id, self.secret = student, secret
        self.replaced = replaced or {}
        self.poisonous = set() if poisonous is None else poisonous
        self.runs = {task.id: TaskRun() for task in work.tasks}
        self.trouble: SandboxError | None = None
        self.common: CommonWorker | None = None

    def leaves_out(self, cell: Cell) -> bool:
        """Whether a cell before a task's own is not run, because it or many others killed their workers."""
        if cell.id in self.replaced:
            return False
        return cell.id in self.poisonous or (
            len(self.poisonous) > MAX_POISONOUS and cell.id.startswith("free-")
        )

    def try_together(self, tasks: tuple[Task, ...]) -> dict[str, TaskRun]:
        """As `grade`, with all tasks in one worker: much faster, and what fails there is not yet wrong."""
        self.runs = {task.id: TaskRun() for task in tasks}
        self.common = CommonWorker(self, tasks)
        try:
            return self._test(tasks)
        finally:
            self.common.close()
            self.common = None

    def grade(self, tasks: tuple[Task, ...]) -> dict[str, TaskRun]:
        """Run the hidden tests of these tasks in this process and return what happened by task id.

        Raises `SandboxError` when the sandbox broke down: that is no student's fault and costs no points.
        """
        self.runs = {task.id: TaskRun() for task in tasks}
        return self._test(tasks)

    def _test(self, tasks: tuple[Task, ...]) -> dict[str, TaskRun]:
        files = [str(HIDDEN / self.work.id / f"test_{task.stem}.py") for task in tasks]
        silence = io.StringIO()
        with bounded_memory(), contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            code = pytest.main([*QUIET, "-c", str(HIDDEN / "pytest.ini"), *files], plugins=[self])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            raise RuntimeError(
                f"the hidden tests of {self.work.id} could not run: {silence.getvalue()[-2000:]}"
            )
        if self.trouble:
            raise self.trouble
        return self.runs

    def task_of(self, path: Path) -> Task:
        """The task that a hidden test file belongs to."""
        return self.work.task(int(path.stem.split("_")[1]))

    @pytest.fixture(scope="module")
    def task_worker(self, request: pytest.FixtureRequest) -> Iterator[TaskWorker | CommonWorker]:
        task = self.task_of(request.path)
        if self.common:
            yield from self.common.testing(task)
        else:
            worker = TaskWorker(self, task)
            yield worker
            worker.close()

    @pytest.fixture
    def student(self, task_worker: TaskWorker | CommonWorker) -> Student:
        """The student's notebook: its functions and classes, running in the confined worker."""
        return task_worker.student()

    @pytest.fixture(scope="module")
    def task_student(self, task_worker: TaskWorker | CommonWorker) -> Student:
        """The same for a whole file, where something dear (a trained model) is made once."""
        return task_worker.student()

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> torch.Generator:
        """Secret randomness of this student and test."""
        return self._generator(request.path.stem, request.node.name)

    @pytest.fixture(scope="module")
    def task_rng(self, request: pytest.FixtureRequest) -> torch.Generator:
        """Secret randomness of this student and task."""
        return self._generator(request.path.stem)

    def _generator(self, *names: str) -> torch.Generator:
        return torch.Generator().manual_seed(secret_seed(self.secret, self.work.id, self.student_id, *names))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if self.sandbox.transcript:
            self.sandbox.transcript.asking = f"{item.path.stem}::{item.name}"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        report = yield
        failed_before = call.when == "setup" and call.excinfo is not None
        if call.excinfo is not None and isinstance(call.excinfo.value, SandboxError):
            self.trouble = call.excinfo.value
        if call.when == "call" or failed_before:
            task = self.task_of(item.path)
            self.runs[task.id].tests.append(_outcome(item, task, call.excinfo))
        return report


def _outcome(
    item: pytest.Item, task: Task, excinfo: pytest.ExceptionInfo[BaseException] | None
) -> TestResult:
    marker = item.get_closest_marker("points")
    if marker is None:
        raise ValueError(f"{item.nodeid} carries no points")
    parts: dict[str, Any] = {
        "expected": "",
        "got": "",
        "cause": "",
        "read": "",
        "kind": "passed",
        "picture": None,
    }
    if excinfo is not None:
        error = excinfo.value
        if isinstance(error, PropertyError):
            parts = {
                name: getattr(error, name)[:MAX_MESSAGE] for name in ("expected", "got", "cause", "read")
            }
            parts |= {"picture": error.picture, "kind": getattr(error, "kind", "property")}
        else:
            log.warning("%s stumbled over what came back", item.nodeid, exc_info=error)
            parts |= {
                "kind": "unusable",
                "expected": "a value of the type and shape that the docstring states",
                "got": f"something that the test could not use ({type(error).__name__})",
                "cause": "the function returns another type or shape than its docstring says",
                "read": f"the docstring of task {task.number}",
            }
    doc = (getattr(item.function, "__doc__", None) or item.name).strip()  # type: ignore[attr-defined]
    return TestResult(
        name=item.name, title=doc.splitlines()[0], points=marker.args[0], passed=excinfo is None, **parts
    )
