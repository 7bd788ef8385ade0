"""A small homework and one graded hand-in that the pipeline's tests share."""

import pytest

from dgm_course.homework.course import Homework, Task
from grading.pipeline.results import Result, TaskResult, TestResult


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
    used = {"cpu_seconds": 0.5, "wall_seconds": 1.0, "peak_memory_mib": 300.0, "cpu_budget": 20.0}
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
