"""Set up a course folder and release a homework into it, in nbgrader's layout and with nbgrader's gradebook."""

import logging
import os
import shutil
import sys
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets.config import PyFileConfigLoader

from dgm_course.homework.course import Homework
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.course.errors import CourseError
from grading.pipeline.material.notebooks import instructor_notebook, release_path, student_notebook

ERRORS = logging.getLogger(__name__)  # nbgrader tells its own commands every step; ours hear of errors only
ERRORS.setLevel(logging.ERROR)
CONFIG = "nbgrader_config.py"
CONFIG_TEXT = """\
# Read by every nbgrader command that runs in this folder. What you set below the last line wins.
from grading.nbgrader_config import configure

configure(get_config())  # noqa: F821
"""


def open_course(course: Path) -> CourseDirectory:
    """The course folder as nbgrader sees it, with its own configuration; raises `CourseError` when it is none."""
    if not (course / CONFIG).is_file():
        raise CourseError(
            f"{course} is not a course folder: run `dgm-grade release hw1 --course {course}` first."
        )
    if shutil.which("alembic") is None:  # nbgrader runs this program, which lies beside our Python
        os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    config = PyFileConfigLoader(CONFIG, path=str(course)).load_config()
    return CourseDirectory(root=str(course.resolve()), config=config, log=ERRORS)


def release(course: Path, work: Homework) -> Path:
    """Write the student notebook to `release/` and its cells to the gradebook; returns the notebook's path.

    The folder is made when it does not exist. Releasing again is allowed until a hand-in has been graded on other
    cells than the new ones.
    """
    notebook = instructor_notebook(work)
    built = release_path(work)
    if not built.exists() or built.read_text("utf-8") != nbformat.writes(student_notebook(work)) + "\n":
        raise CourseError(
            f"The committed {built.name} is not what its text source builds: run `make notebooks`."
        )
    if not (course / CONFIG).exists():
        write_atomically(course / CONFIG, CONFIG_TEXT.encode())
    directory = open_course(course)
    names = {cell.metadata.nbgrader.grade_id for cell in notebook.cells}
    _refuse_other_cells(directory, work, names)
    source = course / "source" / work.id / f"{work.id}.ipynb"
    write_atomically(source, nbformat.writes(notebook).encode())
    directory.assignment_id = work.id
    GenerateAssignment(coursedir=directory, config=directory.config, log=ERRORS, force=True).start()
    return course / "release" / work.id / f"{work.id}.ipynb"


def _refuse_other_cells(directory: CourseDirectory, work: Homework, names: set[str]) -> None:
    with Gradebook(directory.db_url, directory.course_id) as gradebook:
        try:
            notebook = gradebook.find_notebook(work.id, work.id)
        except MissingEntry:
            return
        if notebook.submissions and names != {cell.name for cell in notebook.source_cells}:
            raise CourseError(
                f"{work.id} has graded hand-ins and its cells have changed since: release into a new course folder."
            )
