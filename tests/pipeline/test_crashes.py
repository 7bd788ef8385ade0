"""Whatever is killed and whenever, a rerun completes: nothing that was kept is lost or graded again."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from dgm_course.homework.course import homework
from grading.pipeline.course import drafts
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.handins.submitted import submitted_path
from grading.pipeline.marking.results import Result
from grading.pipeline.marking.transcripts import Graded
from grading.pipeline.material import bank
from grading.pipeline.material.notebooks import reference_cells
from grading.pipeline.running import run
from grading.pipeline.running.pool import Job, grade_job
from grading.pipeline.running.run import run_class
from grading.sandbox import procfs, scratch
from grading.sandbox.client import Sandbox
from grading.sandbox.process import WorkerProcess

INTERRUPTED = Path(__file__).with_name("interrupted.py")
HW1 = homework("hw1")
FIRST = HW1.tasks[0].id
RIGHT = nbformat.writes(bank.hand_in(HW1, {FIRST: reference_cells(HW1)[FIRST]}, solved=False)).encode()
BLANK = nbformat.writes(bank.hand_in(HW1, solved=False)).encode()


def descendants(pid: int) -> list[int]:
    return [found for child in procfs.children(pid) for found in (child, *descendants(child))]


@contextlib.contextmanager
def watched(pids: Iterable[int]) -> Iterator[Callable[[], None]]:
    """A function that returns when all of these processes have ended, which their parents may not have seen."""
    handles = [os.pidfd_open(pid) for pid in pids]

    def ended() -> None:
        for handle in handles:
            assert select.select([handle], [], [], 60)[0], "a process lives on"

    yield ended
    for handle in handles:
        os.close(handle)


# ── processes ──


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("landlock") as started:
        yield started


def test_a_killed_run_loses_what_was_in_hand_and_leaves_nothing(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, folders = tmp_path / "course", tmp_path / "folders"
    folders.mkdir()
    contents = {"student-01": RIGHT, "student-02": BLANK, "student-03": RIGHT}
    for student, content in contents.items():
        write_atomically(submitted_path(course, "hw1", student), content)
    command = [sys.executable, str(INTERRUPTED), str(course), "student-02"]
    environment = os.environ | {"TMPDIR": str(folders)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as interrupted:
        assert interrupted.stdout is not None
        assert [interrupted.stdout.readline() for _ in range(2)] == ["at student-01\n", "at student-02\n"]
        family = descendants(interrupted.pid)
        assert len(family) >= 2  # a process of the pool, its zygote
        with watched(family) as ended:
            interrupted.kill()
            ended()
    assert list(folders.glob("dgm-sandbox-*")) == []
    results = course / "results" / "hw1"
    assert [path.name for path in results.glob("*.json")] == ["student-01.json"]
    assert len(list(results.glob(drafts.DRAFTS))) == 1

    again: list[str] = []

    def grade_here(jobs: Iterable[Job], secret: bytes, **_: object) -> Iterator[tuple[Job, Graded]]:
        for job in jobs:
            again.append(job.student)
            yield job, grade_job(replace(job, tasks=(FIRST,)), sandbox, secret)

    monkeypatch.setattr(run, "Sandbox", lambda **_: contextlib.nullcontext(sandbox))
    monkeypatch.setattr(run, "grade_all", grade_here)
    after, failures = run_class(course, HW1)
    assert (again, failures) == (["student-02", "student-03"], {})
    assert list(results.glob(drafts.DRAFTS)) == []
    undisturbed, _ = run_class(course, HW1, force=True)
    assert [outcome(result) for result in after] == [outcome(result) for result in undisturbed]
    assert [result.score for result in after] == [6.0, 0.0, 6.0]


def outcome(result: Result) -> tuple[object, ...]:
    """What a result says of a hand-in, without the time that it took."""
    return result.student, result.score, result.notes, [task.tests for task in result.tasks]


@pytest.mark.parametrize("who", ["zygote", "worker"])
def test_who_is_killed_while_grading_costs_no_points(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    job = Job("hw1", "student-01", RIGHT, (FIRST,))
    undisturbed = grade_job(job, sandbox, b"secret").result
    exchange, victims = WorkerProcess.exchange, []

    def exchange_and_kill(worker: WorkerProcess, kind: str, body: dict[str, object]) -> object:
        if kind == "call" and not victims:
            victims.append(worker)
            zygote = worker.zygote.process.pid
            with watched(descendants(zygote)[-1:]) as ended:
                os.kill(zygote if who == "zygote" else descendants(zygote)[-1], signal.SIGKILL)
                ended()
        return exchange(worker, kind, body)

    monkeypatch.setattr(WorkerProcess, "exchange", exchange_and_kill)
    disturbed = grade_job(job, sandbox, b"secret").result
    assert len(victims) == 1
    assert outcome(disturbed) == outcome(undisturbed)
    assert disturbed.score == disturbed.max_score == 6


def test_folders_of_killed_sandboxes_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (alive, lock), (dead, its_lock) = scratch.claim(), scratch.claim()
    (dead / "worker-0" / "deep").mkdir(parents=True)
    (tmp_path / "dgm-sandbox-link").symlink_to(tmp_path.parent)
    os.close(its_lock)  # as the kernel does for whoever is killed
    scratch.sweep()
    assert set(tmp_path.iterdir()) == {alive, tmp_path / "dgm-sandbox-link"}
    os.close(lock)
