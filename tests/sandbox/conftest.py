"""Sandboxes at every level of isolation that works on this machine."""

from collections.abc import Iterator

import pytest

from grading.sandbox import launch
from grading.sandbox.client import Budget, Cell, Sandbox, Worker

LEVELS = ["landlock", "bwrap"] if launch.bwrap_works() else ["landlock"]


@pytest.fixture(scope="session", params=LEVELS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(request.param) as sandbox:
        yield sandbox


@pytest.fixture
def worker(sandbox: Sandbox) -> Iterator[Worker]:
    with sandbox.worker(Budget(cpu_seconds=20, wall_seconds=20, memory_mib=1024)) as worker:
        yield worker


@pytest.fixture
def define(worker: Worker):
    """Runs a cell and returns the student whose notebook it is."""

    def define(source: str):
        result = worker.run(Cell("task", source))
        assert result.error is None, result
        return worker.student

    return define
