"""`dgm-grade` leads from release to grades, and says in one line what is wrong and what to do."""

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from dgm_course.homework.course import Homework
from grading import cli
from grading.cli import base
from grading.pipeline.course.keys import course_key
from grading.pipeline.marking import transcripts
from grading.pipeline.marking.results import Result, result_path, write_result
from grading.pipeline.running import run
from grading.sandbox import doctor, wire
from grading.sandbox.attempts import Finding
from grading.sandbox.outcome import SandboxError
from grading.sandbox.transcript import Transcript

COMMANDS = (
    "regrade",
    "replay",
    "doctor",
    "release",
    "collect",
    "run",
    "verify",
    "feedback",
    "report",
    "export",
    "prove",
    "demo",
)
Dgm = Callable[..., tuple[int, str, str]]


@pytest.fixture
def dgm(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Dgm:
    """Runs the command line in this process: its exit status, output and errors."""
    monkeypatch.setattr(base.console, "_width", 200)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dgm-grade", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        return int(end.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def grades(monkeypatch: pytest.MonkeyPatch, result: Result) -> None:
    """Stands in for the run of student code; every hand-in gets the same result."""

    def run_class(
        course: Path, work: Homework, *, progress: Callable[[int, int, str], None], **_: object
    ) -> tuple[list[Result], dict[str, Exception]]:
        write_result(result, result_path(course, work.id, "ada"), course_key(course))
        progress(1, 1, "ada")
        return [result], {}

    monkeypatch.setattr(run, "run_class", run_class)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    text = CliRunner().invoke(cli.app, [command, "--help"]).output
    assert re.search(rf"dgm-grade\s+{command}", text)


def test_from_release_to_grades(dgm: Dgm, course: Path, tmp_path: Path, grades: None) -> None:
    assert dgm("release", "hw1", "--course", course)[0] == 0
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "ada.ipynb").write_bytes((course / "release" / "hw1" / "hw1.ipynb").read_bytes())
    status, out, _ = dgm("collect", "hw1", tmp_path / "inbox", "--course", course)
    assert (status, "1 of 1 taken" in out) == (0, True)
    status, out, _ = dgm("run", "hw1", "--course", course)
    assert status == 0
    assert re.search(r"ada\s+4\s+2↓\s+6", out)
    assert dgm("feedback", "hw1", "--course", course)[0] == 0
    assert "6 <small>of 10 points" in (course / "feedback" / "ada" / "hw1" / "hw1.html").read_text()
    assert dgm("export", "hw1", "--course", course, "--out", tmp_path / "grades.csv")[0] == 0
    assert "ada,4.0,2.0,0.0,6.0,10" in (tmp_path / "grades.csv").read_text()
    (tmp_path / "others.csv").write_text("student,exam,project\nada,30,40\n")
    page = tmp_path / "pages" / "report.html"
    status, out, _ = dgm(
        "report", "hw1", "--course", course, "--out", page, "--others", tmp_path / "others.csv"
    )
    assert (status, "1 hand-ins" in out, "A small homework" in page.read_text()) == (0, True, True)
    assert "ada,4.5,30.0,40.0,74.5" in (tmp_path / "pages" / "course.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("release", "hw9"), "there is no homework 'hw9'; there is hw1"),
        (("collect", "hw1", "nowhere"), "is not a course folder: run `dgm-grade release"),
        (("run", "hw1"), "is not a course folder: run `dgm-grade release"),
        (("verify", "hw1"), "is not a course folder"),
        (("regrade", "hw1"), "is not a course folder"),
        (("replay", "hw1", "ada"), "is not a course folder"),
        (("feedback", "hw1"), "is not a course folder"),
        (("report", "hw1"), "is not a course folder"),
        (("export", "hw1"), "is not a course folder"),
    ],
)
def test_an_error_is_one_line_and_leaves_nothing(
    dgm: Dgm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = dgm(*arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_what_is_still_to_do_is_named(dgm: Dgm, course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "run_class", lambda *_, **__: ([], {}))
    for command, words in (
        ("run", "dgm-grade collect hw1"),
        ("verify", "dgm-grade collect hw1"),
        ("regrade", "dgm-grade run"),
        ("feedback", "dgm-grade run"),
        ("report", "dgm-grade run"),
        ("export", "dgm-grade run"),
    ):
        status, _, err = dgm(command, "hw1", "--course", course)
        assert (status, err.count("\n")) == (2, 1)
        assert words in err


def test_no_confinement_is_status_three(dgm: Dgm, course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SandboxError("Landlock is off: boot with lsm=landlock.")

    monkeypatch.setattr(run, "run_class", refuse)
    status, _, err = dgm("run", "hw1", "--course", course)
    assert (status, err) == (3, "dgm-grade: Landlock is off: boot with lsm=landlock.\n")


def test_a_hand_in_that_cannot_be_graded_is_named(
    dgm: Dgm, course: Path, hand_in: Callable[..., bytes], result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in("ada")
    monkeypatch.setattr(run, "run_class", lambda *_, **__: ([result], {"bob": MemoryError("disk full")}))
    status, out, _ = dgm("run", "hw1", "--course", course)
    assert status == 1
    assert "bob could not be graded: MemoryError('disk full')" in out


@pytest.mark.parametrize(("held", "status"), [(True, 0), (False, 3)])
def test_the_doctor_says_what_to_do(
    dgm: Dgm, monkeypatch: pytest.MonkeyPatch, held: bool, status: int
) -> None:
    findings = [Finding("fork", True, "seccomp"), Finding("open a socket", held, "Install libseccomp.")]
    monkeypatch.setattr(doctor, "diagnose", lambda _: findings)
    code, out, _ = dgm("doctor")
    assert code == status
    assert ("Install libseccomp." in out) is not held


def test_a_regrade_says_what_changed_and_what_is_left(
    dgm: Dgm, course: Path, grades: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = [("ada", 4.0, 6.0), ("bob", 5.0, 5.0), ("eve", 3.0, "its transcript is missing")]
    monkeypatch.setattr(transcripts, "regrade", lambda *_: iter(outcomes))
    assert dgm("run", "hw1", "--course", course)[0] == 0
    status, out, _ = dgm("regrade", "hw1", "--course", course)
    assert status == 0
    assert "ada: 4 → 6" in out
    assert "bob" not in out
    assert "eve keeps its result: its transcript is missing" in out
    assert "2 of 3" in out
    assert "Next: dgm-grade run hw1" in out


@pytest.mark.parametrize(("now", "status"), [(True, 0), (False, 1)])
def test_a_replay_shows_questions_and_answers(
    dgm: Dgm, course: Path, result: Result, monkeypatch: pytest.MonkeyPatch, now: bool, status: int
) -> None:
    count = result.task("count")
    today = replace(count, tests=(replace(count.tests[0], passed=now, got="3"),))
    again = replace(result, tasks=(today, result.task("sum")))
    transcript = Transcript(asking="test_01_count::test_exact")
    arguments = {"args": (2, torch.zeros(9, 9)), "kwargs": {"K": 3}, "through": None}
    request = wire.pack(1, "call", {"function": wire.Handle("count"), "dropped": [], **arguments})
    transcript.session("all tasks").keep(request, wire.pack(1, "value", torch.tensor([1, 5])))
    monkeypatch.setattr(transcripts, "replay", lambda *_: (result, again, transcript))
    code, out, _ = dgm("replay", "hw1", "ada", "--course", course, "--task", "count")
    assert code == status
    assert "asked of the worker for all tasks:" in out
    assert "count(2, tensor(9, 9), K=3) → tensor(2)[1, 5]" in out
    assert ("got: 3" in out) is not now
    assert "ada: 6 of 10 then" in out


def test_a_replay_of_an_unknown_task_is_one_line(
    dgm: Dgm, course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcripts, "replay", lambda *_: (None, None, None))
    status, _, err = dgm("replay", "hw1", "ada", "--course", course, "--task", "fun")
    assert (status, err.count("\n")) == (2, 1)
    assert "it has count, sum" in err
