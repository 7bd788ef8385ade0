"""A small homework and one graded hand-in that the pipeline's tests share."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbgrader import api

from dgm_course.homework.course import Homework, Task
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.handins.submitted import submitted_path
from grading.pipeline.marking.results import Result, TaskResult, TestResult
from grading.pipeline.material import notebooks
from grading.pipeline.material.release import release

collect_ignore = ["interrupted.py"]  # a program that a test runs; pytest would import it to look for doctests


@pytest.fixture
def work() -> Homework:
    """Two tasks and ten points, under the name of a homework that exists."""
    return Homework(
        id="hw1",
        title="A small homework",
        folder="hw1_small",
        tasks=(Task(1, "count", "Counting", 4), Task(2, "sum", "Summing", 6, needs=("count",))),
    )


@pytest.fixture
def result() -> Result:
    """A hand-in that passes everything but one test of the second task: 6 of 10."""
    exact = TestResult(name="test_exact", title="Counts are exact.", points=4, passed=True)
    shape = TestResult(name="test_shape", title="The shape is kept.", points=2, passed=True)
    total = TestResult(
        name="test_total",
        title="It sums to one.",
        points=4,
        passed=False,
        expected="1.0",
        got="0.9313",
        cause="the mask lets a pixel see itself",
        read="Lecture 2, masks",
        kind="property",
        picture={
            "kind": "matrix",
            "got": [[True, True], [False, True]],
            "allowed": [[False, True], [True, True]],
        },
    )
    used = {
        "cpu_seconds": 0.5,
        "wall_seconds": 1.0,
        "busy_seconds": 0.9,
        "peak_memory_mib": 300.0,
        "cpu_budget": 20.0,
    }
    return Result(
        homework="hw1",
        student="ada",
        max_score=10.0,
        tasks=(
            TaskResult("count", 1, "Counting", 4, (exact,), **used),
            TaskResult("sum", 2, "Summing", 6, (shape, total), follow_through=("count",), **used),
        ),
        notes=(),
        isolation="landlock+seccomp+rlimits",
        submission_sha256="a" * 64,
        suite_sha256="b" * 64,
        environment_sha256="c" * 64,
        seed_sha256="d" * 64,
    )


TEXT = '''\
# %% [markdown]
# ## Task {number} · {title} ({points} points)

# %% task="{name}"
def {name}(x: int) -> int:
    """Return x."""
    ### BEGIN SOLUTION
    return x
    ### END SOLUTION

# %% check="{name}"
check("{name}")
'''


@pytest.fixture(scope="session")
def schema_version() -> str:
    """nbgrader's schema version, for which it runs a program that takes a second: here once for all tests."""
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    return api.get_alembic_version()


@pytest.fixture
def course(tmp_path: Path, work: Homework, monkeypatch: pytest.MonkeyPatch, schema_version: str) -> Path:
    """A course folder with the small homework released under the name hw1."""
    monkeypatch.setattr(api, "get_alembic_version", lambda: schema_version)
    monkeypatch.setattr("dgm_course.homework.hw1.HOMEWORK", work)
    monkeypatch.setattr(notebooks, "SOLUTIONS", tmp_path / "solutions")
    monkeypatch.setattr(notebooks, "RELEASES", tmp_path / "homeworks")
    folder = tmp_path / "solutions" / work.folder
    folder.mkdir(parents=True)
    for task in work.tasks:
        text = TEXT.format(number=task.number, title=task.title, points=task.points, name=task.id)
        (folder / f"{task.stem}.py").write_text(text)
    built = notebooks.release_path(work)
    built.parent.mkdir(parents=True)
    nbformat.write(notebooks.student_notebook(work), built)
    release(tmp_path / "course", work)
    return tmp_path / "course"


@pytest.fixture
def hand_in(course: Path, work: Homework) -> Callable[..., bytes]:
    """Puts a hand-in of the small homework with these sources into `submitted/` and returns its bytes."""

    def put(student: str = "ada", timestamp: str = "2026-01-02 03:04:05 UTC", **sources: str) -> bytes:
        notebook = notebooks.release_notebook(work)
        for cell in notebook.cells:
            cell.source = sources.get(cell.id, cell.source)
        content = nbformat.writes(notebook).encode()
        path = submitted_path(course, work.id, student)
        write_atomically(path, content)
        path.with_name("timestamp.txt").write_text(timestamp)
        return content

    return put
