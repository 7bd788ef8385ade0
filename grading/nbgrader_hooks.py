"""What stock nbgrader runs in a course of ours: its own commands, with our rebuilding, grading and feedback.

`nbgrader autograde` gives the scores of `dgm-grade run`, because both call the same function, and starts no
kernel: the notebook it reads is rebuilt from the release, and the scores it saves come from the hidden tests.
"""

import atexit
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter, NotebookExporter
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_solution

from dgm_course.homework.course import Homework, homework
from grading.pipeline.course.keys import course_key, subkey
from grading.pipeline.grades.autograded import graded_notebook
from grading.pipeline.grades.gradebook import read_ledger
from grading.pipeline.handins.rebuild import rebuild
from grading.pipeline.handins.submitted import submitted_bytes, submitted_path
from grading.pipeline.marking.results import Result, read_result, result_path
from grading.pipeline.marking.submission import stored_result
from grading.pipeline.marking.transcripts import grade, keep
from grading.pipeline.material.notebooks import release_notebook, skeleton
from grading.pipeline.pages.feedback import feedback_page
from grading.sandbox.client import Sandbox

Resources = dict[str, Any]


class Skeletons(NbGraderPreprocessor):
    """Replaces solutions by a `NotImplementedError` that names the task, which nbgrader's one stub cannot."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, index: int
    ) -> tuple[NotebookNode, Resources]:
        if is_solution(cell):
            work = homework(resources["nbgrader"]["assignment"])
            cell.source = skeleton(cell.source, work.task(cell.metadata.nbgrader.grade_id))
        return cell, resources


def drop_links(*, notebooks: list[str], **_: object) -> None:
    """Delete links from a hand-in before nbgrader copies its files: one could point at the gradebook."""
    for path in {path for notebook in notebooks for path in Path(notebook).parent.rglob("*")}:
        if path.is_symlink():
            path.unlink()


class RebuildExporter(NotebookExporter):
    """Reads any bytes as the release notebook with the student's source put into it."""

    def from_filename(self, filename: str, resources: Resources | None = None, **kw: Any) -> Any:
        assert resources is not None
        work = homework(resources["nbgrader"]["assignment"])
        rebuilt = rebuild(release_notebook(work), submitted_bytes(Path(filename)))
        for note in rebuilt.notes:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], note)
        return self.from_notebook_node(rebuilt.notebook, resources, **kw)


class TrustedGrade(NbGraderPreprocessor):
    """Grades the hand-in with the hidden tests and writes the scores where nbgrader looks for them."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        names = resources["nbgrader"]
        result = _current_result(_course(self.parent), homework(names["assignment"]), names["student"])
        return graded_notebook(nb, result), resources


class FeedbackExporter(Exporter):
    """Writes our feedback page where nbgrader would write the notebook as HTML."""

    def _file_extension_default(self) -> str:
        return ".html"

    def from_filename(self, filename: str, resources: Resources | None = None, **kw: Any) -> Any:
        assert resources is not None
        course, names = _course(self), resources["nbgrader"]
        work = homework(names["assignment"])
        result = read_result(result_path(course, work.id, names["student"]), course_key(course))
        ledger = read_ledger(course, work, result.student)[result.student]
        return feedback_page(work, result, ledger), self._init_resources(resources)


def _course(exporter: Any) -> Path:
    """The course folder of the nbgrader command that an exporter works for."""
    return Path(exporter.parent.coursedir.root)


def _current_result(course: Path, work: Homework, student: str) -> Result:
    """The stored result of a hand-in if it is current, else a new one, which is stored."""
    content = submitted_bytes(submitted_path(course, work.id, student))
    key, sandbox = course_key(course), _sandbox()
    result = stored_result(course, work, student, content, sandbox.isolation, key)
    if result is None:
        graded = grade(work, student, content, sandbox, subkey(key, "inputs"))
        keep(graded, course, key)
        result = graded.result
    return result


@cache
def _sandbox() -> Sandbox:
    """One sandbox for all hand-ins of an nbgrader command, closed when it ends."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(Sandbox())
