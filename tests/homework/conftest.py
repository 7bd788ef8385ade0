"""A homework of one small task, and notebooks of hw1 made by hand."""

import sys
from types import ModuleType

import nbformat
import pytest

from dgm_course.homework import checks
from dgm_course.homework.course import Homework, Task, homework
from dgm_course.testing import assert_close

HISTOGRAM = """
def fit_histogram(x, num_levels, smoothing=0.0):
    counts = torch.bincount(x, minlength=num_levels).double() + smoothing
    return (counts / counts.sum()).log()


def histogram_nll(log_probs, x):
    return -log_probs[x].mean()


def fit_softmax_histogram(x, num_levels, num_steps, learning_rate):
    raise NotImplementedError("Task 1 · histogram")
"""


@pytest.fixture
def tiny(monkeypatch):
    """A homework "hw0" with one task "double" and three checks of a function `double`."""

    def check_zero(student):
        """Twice nothing is nothing"""
        assert_close(student.double(0.0), 0.0)

    def check_two(student):
        """Twice <two> is four"""
        assert_close(student.double(2.0), 4.0, cause="added & not multiplied", read="the table of 2")

    def check_minus(student):
        """Signs stay"""
        assert_close(student.double(-1.0), -2.0)

    module = ModuleType("dgm_course.homework.hw0.double")
    vars(module).update(
        check_zero=check_zero, check_two=check_two, check_minus=check_minus, assert_close=assert_close
    )
    work = Homework("hw0", "Doubling", "hw0_doubling", (Task(1, "double", "Twice as much", 7),))
    monkeypatch.setitem(sys.modules, "dgm_course.homework.hw0", ModuleType("dgm_course.homework.hw0"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(checks, "HOMEWORKS", ("hw0",))
    monkeypatch.setattr(checks, "homework", lambda name: work)
    return work, module


def code(source, grade_id=None, **flags):
    cell = nbformat.v4.new_code_cell(source)
    if grade_id is not None:
        cell.metadata["nbgrader"] = {"grade_id": grade_id, **flags}
    return cell


@pytest.fixture
def notebook():
    """A notebook of hw1 in which two of the three functions of task 1 are written, and nothing else is."""
    cells = [code("import torch", "given-imports")]
    for task in homework("hw1").tasks:
        source = (
            HISTOGRAM if task.id == "histogram" else f"def {task.module}():\n    raise NotImplementedError"
        )
        cells += [
            code(source, task.id),
            code(f'raise SystemError("{task.id}")', f"check-{task.id}"),
            code('raise SystemError("a figure was run")', f"figure-{task.id}-1"),
        ]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def saved(notebook, tmp_path):
    path = tmp_path / "hw1.ipynb"
    nbformat.write(notebook, path)
    return path
