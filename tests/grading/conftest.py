"""One sandbox for all tests of the grader: starting it imports torch, which takes seconds."""

from collections.abc import Iterator

import pytest

from dgm_course.homework.course import Homework, homework
from grading.sandbox.client import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


@pytest.fixture(scope="session")
def work() -> Homework:
    return homework("hw1")
