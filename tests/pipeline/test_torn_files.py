"""Files that are torn, and disks that are full: what was kept stays, what was not is done again, and a line says so."""

import contextlib
import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from nbgrader.api import SubmittedAssignment
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from dgm_course.homework.course import Homework, homework
from grading import cli
from grading.pipeline.course import drafts
from grading.pipeline.grades.gradebook import import_results, read_ledger
from grading.pipeline.marking.results import Result, result_path, write_result
from grading.pipeline.marking.submission import environment_fingerprint
from grading.pipeline.marking.transcripts import Graded
from grading.pipeline.running import run
from grading.pipeline.running.pool import Job
from grading.pipeline.running.run import run_class


class NoSandbox:
    """Stands in for the sandbox where nothing is run."""

    level, isolation = "landlock", "landlock+seccomp+rlimits"

    def __init__(self, **_: object) -> None: ...
    def __enter__(self) -> "NoSandbox":
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch, work: Homework, result: Result) -> list[str]:
    """The students that a run graded; in place of the pool every one gets the same points."""
    students: list[str] = []

    def grade_all(jobs: Iterable[Job], secret: bytes, **_: object) -> Iterator[tuple[Job, Graded]]:
        for job in jobs:
            students.append(job.student)
            content = sha256(job.content).hexdigest()
            yield job, Graded(replace(fresh, student=job.student, submission_sha256=content), bytes(4096))

    fresh = replace(
        result,
        isolation=NoSandbox.isolation,
        suite_sha256="",
        environment_sha256=environment_fingerprint(),
    )
    monkeypatch.setattr("grading.pipeline.marking.submission.suite_fingerprint", lambda work: "")
    monkeypatch.setattr(run, "Sandbox", NoSandbox)
    monkeypatch.setattr(run, "grade_all", grade_all)
    return students


def test_a_result_that_is_torn_garbage_or_foreign_is_graded_again(
    course: Path, work: Homework, hand_in: Callable[..., bytes], graded: list[str]
) -> None:
    names = [f"student-{number:02d}" for number in range(1, 8)]
    for name in names:
        hand_in(name)
    before, _ = run_class(course, work)
    whole, torn, empty, garbage, foreign, copied, nested = (
        result_path(course, "hw1", name) for name in names
    )
    os.truncate(torn, torn.stat().st_size // 2)
    os.truncate(empty, 0)
    garbage.write_bytes(os.urandom(1000))
    write_result(before[4], foreign, b"the key of another course")
    copied.write_bytes(whole.read_bytes())  # of another student with the same file
    nested.write_bytes(b"[" * 100_000)
    graded.clear()
    after, failures = run_class(course, work)
    assert graded == names[1:]
    assert (after, failures) == (before, {})
    graded.clear()
    assert run_class(course, work) == (before, {})
    assert graded == []


def test_drafts_are_swept_unless_somebody_is_at_work(
    course: Path, work: Homework, hand_in: Callable[..., bytes], graded: list[str]
) -> None:
    hand_in("student-01")
    left = [course / place for place in ("results/hw1/.a.json-0123456789ab", "submitted/.b-0123456789ab")]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"torn")
    kept = course / "results" / "hw1" / ".gitignore"
    kept.write_bytes(b"*")
    with drafts.draft(course / "results" / "hw1" / "student-02.json", b"half") as busy:
        run_class(course, work)
        assert busy.exists()
    assert not any(path.exists() for path in left)
    assert kept.exists()
    assert not busy.exists()


def test_two_runs_do_not_grade_the_same(
    course: Path, hand_in: Callable[..., bytes], graded: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in("student-01")
    with drafts.alone(course):
        status, said = dgm(capsys, "run", "hw1", "--course", course)
    assert (status, said.count("\n"), graded) == (2, 1, [])
    assert "Another run is at work" in said
    assert dgm(capsys, "run", "hw1", "--course", course) == (0, "")
    assert graded == ["student-01"]


# ── a full disk ──


@pytest.fixture
def disk(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Path, Callable[[int], None]]]:
    """The course on a disk of its own, and what leaves so many KiB free there.

    A real disk where we may mount one; else every file that is begun takes from a number.
    """
    place, size = tmp_path / "disk", 2**20
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    real = subprocess.run(mount, capture_output=True).returncode == 0
    shutil.copytree(course, place, dirs_exist_ok=True)
    free, fsync = [size], os.fsync

    def take(handle: int) -> None:
        free[0] -= 4096 + os.fstat(handle).st_size
        if free[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    def leave(kib: int) -> None:
        free[0] = kib << 10
        if real:
            (place / "other").unlink(missing_ok=True)
            stat = os.statvfs(place)
            (place / "other").write_bytes(bytes(stat.f_bavail * stat.f_frsize - (kib << 10)))

    if not real:
        monkeypatch.setattr(drafts.os, "fsync", take)
    yield place, leave
    if real:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def dgm(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """The command line in this process: its exit status and what it says on standard error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dgm-grade", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
    return int(end.value.code or 0), capsys.readouterr().err


def test_a_full_disk_ends_the_run_with_one_line_and_all_results_so_far(
    disk: tuple[Path, Callable[[int], None]],
    hand_in: Callable[..., bytes],
    course: Path,
    graded: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    place, leave = disk
    names = [f"student-{number:02d}" for number in range(1, 13)]
    for name in names:
        hand_in(name)
    shutil.copytree(course / "submitted", place / "submitted")
    leave(kib=60)
    status, said = dgm(capsys, "run", "hw1", "--course", place)
    assert (status, said.count("\n")) == (2, 1)
    assert "No space left on device" in said
    assert "run the command again" in said
    kept = [path.stem for path in sorted((place / "results" / "hw1").glob("*.json"))]
    assert kept == graded[:-1]
    assert 0 < len(kept) < len(names)
    leave(kib=500)
    assert dgm(capsys, "run", "hw1", "--course", place) == (0, "")
    assert Counter(graded) == Counter(names) + Counter([names[len(kept)]])  # the one in hand, twice
    assert {
        name: ledger.total for name, ledger in read_ledger(place, homework("hw1")).items()
    } == dict.fromkeys(names, 6.0)
    assert list(place.rglob(drafts.DRAFTS)) == []


def test_a_gradebook_that_cannot_grow_is_one_line_and_costs_no_grading(
    course: Path, hand_in: Callable[..., bytes], graded: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"student-{number:02d}" for number in range(1, 30)]
    for name in names:
        hand_in(name)

    def bound(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # no fewer than it has

    event.listen(Engine, "connect", bound)
    status, said = dgm(capsys, "run", "hw1", "--course", course)
    event.remove(Engine, "connect", bound)
    assert (status, said.count("\n")) == (2, 1)
    assert "database or disk is full" in said
    assert read_ledger(course, homework("hw1")) == {}
    assert graded == names
    assert dgm(capsys, "run", "hw1", "--course", course) == (0, "")
    assert graded == names
    assert read_ledger(course, homework("hw1")).keys() == set(names)


# ── the gradebook ──


def test_a_killed_import_leaves_the_gradebook_as_it_was(
    course: Path, work: Homework, hand_in: Callable[..., bytes], result: Result
) -> None:
    for name in ("student-01", "student-02"):
        hand_in(name)
    import_results(course, work, [replace(result, student="student-01")])
    before = read_ledger(course, work)
    listening, speaking = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            _import_until_killed(course, work, result, speaking)
        os._exit(1)
    os.close(speaking)
    assert os.read(listening, 1) == b"!"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert (
        course / "gradebook.db-journal"
    ).stat().st_size > 0  # pages of the old state, for the next to put back
    assert read_ledger(course, work) == before
    import_results(course, work, [replace(result, student=name) for name in ("student-01", "student-02")])
    assert {name: ledger.total for name, ledger in read_ledger(course, work).items()} == {
        "student-01": 6.0,
        "student-02": 6.0,
    }


def _import_until_killed(course: Path, work: Homework, result: Result, speaking: int) -> None:
    """Import new results, and wait for ever when the changes are in the file and the commit is not."""

    def wait(session: Session, *_: object) -> None:
        if any(isinstance(each, SubmittedAssignment) for each in session.new):  # student-02's, the last
            os.write(speaking, b"!")
            signal.pause()

    event.listen(Engine, "connect", lambda connection, _: connection.execute("PRAGMA cache_size = 1"))
    event.listen(Session, "after_flush", wait)
    worse = (replace(result.tasks[0], tests=()), result.tasks[1])
    import_results(
        course, work, [replace(result, student=name, tasks=worse) for name in ("student-01", "student-02")]
    )
