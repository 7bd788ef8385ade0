"""A release is what students open, in nbgrader's layout, and never holds a solution."""

from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from dgm_course.homework.course import Homework
from grading.pipeline.course.errors import CourseError
from grading.pipeline.grades.gradebook import import_results
from grading.pipeline.marking.results import Result
from grading.pipeline.material import notebooks
from grading.pipeline.material.release import open_course, release


def test_nbgraders_release_is_the_committed_student_notebook(course: Path, work: Homework) -> None:
    released = nbformat.read(course / "release" / "hw1" / "hw1.ipynb", as_version=4)
    assert released == notebooks.release_notebook(work)
    count = next(cell for cell in released.cells if cell.id == "count")
    assert 'raise NotImplementedError("Task 1 · count")' in count.source
    assert "return x" not in count.source.lower().replace('"""return x."""', "")


def test_the_gradebook_knows_the_points(course: Path, work: Homework) -> None:
    with Gradebook(open_course(course).db_url) as gradebook:
        assert gradebook.find_assignment("hw1").max_score == work.points
        cells = gradebook.find_notebook("hw1", "hw1").grade_cells
        assert {cell.name: cell.max_score for cell in cells} == {"check-count": 4.0, "check-sum": 6.0}


def test_releasing_again_keeps_what_the_instructor_wrote(course: Path, work: Homework) -> None:
    config = course / "nbgrader_config.py"
    config.write_text(config.read_text() + "get_config().LateSubmissionPlugin.penalty_method = 'zero'\n")
    release(course, work)
    assert open_course(course).config.LateSubmissionPlugin.penalty_method == "zero"


def test_a_stale_build_is_refused(course: Path, work: Homework) -> None:
    notebooks.release_path(work).write_text("{}")
    with pytest.raises(CourseError, match="make notebooks"):
        release(course, work)


def test_cells_cannot_change_under_graded_hand_ins(
    course: Path, work: Homework, hand_in: object, result: Result
) -> None:
    hand_in()  # type: ignore[operator]
    import_results(course, work, [result])
    (notebooks.SOLUTIONS / work.folder / "03_more.py").write_text("# %% [markdown]\n# more\n")
    nbformat.write(notebooks.student_notebook(work), notebooks.release_path(work))
    released = (course / "release" / "hw1" / "hw1.ipynb").read_bytes()
    with pytest.raises(CourseError, match="new course folder"):
        release(course, work)
    assert (course / "release" / "hw1" / "hw1.ipynb").read_bytes() == released


def test_another_folder_is_no_course(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="dgm-grade release"):
        open_course(tmp_path)
