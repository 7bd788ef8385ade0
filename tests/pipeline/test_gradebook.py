"""Results reach nbgrader's gradebook in one piece, and what people change there is kept."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade

from dgm_course.homework.course import Homework
from grading.pipeline.course.errors import CourseError
from grading.pipeline.grades import gradebook as module
from grading.pipeline.grades.gradebook import import_results, read_ledger
from grading.pipeline.marking.results import Result
from grading.pipeline.material.release import open_course

HandIn = Callable[..., bytes]


def _open(course: Path) -> Gradebook:
    return Gradebook(open_course(course).db_url)


def test_scores_are_those_of_the_results(
    course: Path, work: Homework, hand_in: HandIn, result: Result
) -> None:
    hand_in("ada")
    hand_in("bob")
    import_results(
        course, work, [result, replace(result, student="bob", tasks=(result.tasks[0], result.tasks[1]))]
    )
    with _open(course) as gradebook:
        submission = gradebook.find_submission("hw1", "ada")
        assert (submission.score, submission.max_score) == (6.0, 10.0)
        assert not submission.needs_manual_grade
        assert submission.timestamp == datetime(2026, 1, 2, 3, 4, 5)
        assert gradebook.average_assignment_score("hw1") == 6.0


def test_importing_again_changes_nothing(
    course: Path, work: Homework, hand_in: HandIn, result: Result
) -> None:
    hand_in()
    import_results(course, work, [result])
    before = read_ledger(course, work)
    import_results(course, work, [result])
    assert read_ledger(course, work) == before


def test_what_was_changed_by_hand_stays(
    course: Path, work: Homework, hand_in: HandIn, result: Result
) -> None:
    hand_in()
    import_results(course, work, [result])
    with _open(course) as gradebook:
        gradebook.find_grade("check-sum", "hw1", "hw1", "ada").manual_score = 5.0
        gradebook.find_comment("sum", "hw1", "hw1", "ada").manual_comment = "Nearly."
        gradebook.db.commit()
    import_results(course, work, [result])
    ledger = read_ledger(course, work, "ada")["ada"]
    assert ledger.scores == {"count": 4.0, "sum": 5.0}
    assert ledger.comments["sum"] == "Nearly."
    assert ledger.total == 9.0
    better = replace(result.tasks[1], tests=(replace(result.tasks[1].tests[0], points=6),))
    import_results(course, work, [replace(result, tasks=(result.tasks[0], better))])
    with _open(course) as gradebook:
        assert gradebook.find_grade("check-sum", "hw1", "hw1", "ada").needs_manual_grade


def test_cells_left_as_they_were_are_marked(
    course: Path, work: Homework, hand_in: HandIn, result: Result
) -> None:
    hand_in(count="def count(x):\n    return x")
    import_results(course, work, [result])
    assert read_ledger(course, work)["ada"].comments == {"sum": "No response."}


def test_lateness_is_nbgraders(course: Path, work: Homework, hand_in: HandIn, result: Result) -> None:
    config = course / "nbgrader_config.py"
    config.write_text(config.read_text() + 'get_config().LateSubmissionPlugin.penalty_method = "zero"\n')
    with _open(course) as gradebook:
        gradebook.update_or_create_assignment("hw1", duedate="2026-01-02 02:04:05 UTC")
    hand_in("ada")
    hand_in("bob", "2026-01-01 00:00:00 UTC")
    import_results(course, work, [result, replace(result, student="bob")])
    ledgers = read_ledger(course, work)
    assert (ledgers["ada"].seconds_late, ledgers["ada"].penalty, ledgers["ada"].total) == (3600.0, 6.0, 0.0)
    assert (ledgers["bob"].seconds_late, ledgers["bob"].penalty, ledgers["bob"].total) == (0.0, 0.0, 6.0)


def test_the_graded_notebook_says_what_nbgrader_reads(
    course: Path, work: Homework, hand_in: HandIn, result: Result
) -> None:
    hand_in(count="def count(x):\n    return x")
    import_results(course, work, [result])
    graded = nbformat.read(course / "autograded" / "ada" / "hw1" / "hw1.ipynb", as_version=4)
    nbformat.validate(graded)
    scores = {cell.id: determine_grade(cell)[0] for cell in graded.cells if cell.id.startswith("check-")}
    assert scores == {"check-count": 4.0, "check-sum": 2.0}
    assert "return x" in next(cell.source for cell in graded.cells if cell.id == "count")
    assert (course / "autograded" / "ada" / "hw1" / "timestamp.txt").exists()


def test_a_crash_leaves_the_gradebook_as_it_was(
    course: Path, work: Homework, hand_in: HandIn, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in("ada")
    save = module._save

    def save_one(*arguments: object) -> None:
        monkeypatch.setattr(module, "_save", lambda *_: (_ for _ in ()).throw(OSError("power cut")))
        save(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_save", save_one)
    with pytest.raises(OSError, match="power cut"):
        import_results(course, work, [result, replace(result, student="bob")])
    assert read_ledger(course, work) == {}


def test_a_course_without_the_homework_says_what_to_do(course: Path, work: Homework) -> None:
    with pytest.raises(CourseError, match="dgm-grade release hw2"):
        read_ledger(course, replace(work, id="hw2"))
