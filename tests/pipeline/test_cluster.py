"""A real Dask cluster on this machine: its workers grade, may die, and must be of one thread and of this checkout."""

import logging
import os
import signal

import nbformat
import pytest
from distributed import LocalCluster

from dgm_course.homework.course import homework
from grading import slurm
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.course.errors import CourseError
from grading.pipeline.handins.submitted import submitted_path
from grading.pipeline.material.bank import hand_in
from grading.pipeline.running import cluster
from grading.pipeline.running.cluster import Cluster
from grading.pipeline.running.pool import Job
from grading.pipeline.running.run import run_class

QUIET = {"dashboard_address": ":0", "silence_logs": logging.CRITICAL, "processes": True}


@pytest.fixture(scope="module")
def local():
    with LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=None, **QUIET) as started:
        yield started


def content(**cells):
    return nbformat.writes(hand_in(homework("hw1"), cells)).encode()


def test_a_killed_worker_costs_nothing(local):
    """The first result comes while others are in hand; the worker that holds them is killed."""
    jobs = [Job("hw1", f"student-{n:02}", content(), ("histogram",)) for n in range(6)]
    with Cluster(local.scheduler_address) as machines:
        outcomes = {}
        for job, outcome in machines.grade_all(jobs, b"secret"):
            if not outcomes:
                busy = [pid for pid, keys in working(machines).items() if keys]
                os.kill(busy[0], signal.SIGKILL)
            outcomes[job.student] = outcome
    assert sorted(outcomes) == [job.student for job in jobs]
    assert {graded.result.score for graded in outcomes.values()} == {6.0}


def working(machines):
    """What each worker process has in hand."""
    pids = machines.client.run(os.getpid)
    return {pids[address]: keys for address, keys in machines.client.processing().items()}


def test_a_class_graded_on_a_cluster_is_not_graded_again(local, tmp_path):
    work = homework("hw1")
    blank = nbformat.writes(hand_in(work, solved=False)).encode()
    for student in ("alice", "mallory"):
        write_atomically(submitted_path(tmp_path, "hw1", student), blank)
    seen = []
    results, failures = run_class(
        tmp_path, work, scheduler=local.scheduler_address, progress=lambda *step: seen.append(step)
    )
    assert not failures
    assert len(seen) == 2
    again, _ = run_class(tmp_path, work, processes=1, progress=lambda *step: seen.append(step))
    assert again == results
    assert len(seen) == 2


def test_other_tests_on_a_worker_are_noticed(local, monkeypatch):
    monkeypatch.setattr(cluster, "suite_fingerprint", lambda _: "another")
    with Cluster(local.scheduler_address) as machines:
        ((_, outcome),) = machines.grade_all([Job("hw1", "alice", content(), ("histogram",))], b"secret")
    assert isinstance(outcome, CourseError)
    assert "give it this checkout" in str(outcome)


def test_nobody_answers(monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with pytest.raises(CourseError, match="No Dask cluster"):
        Cluster("tcp://127.0.0.1:9")


def test_threads_in_a_worker_are_refused(monkeypatch):
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, memory_limit=None, **QUIET) as crowded,
        pytest.raises(CourseError, match="--nthreads 1"),
    ):
        Cluster(crowded.scheduler_address)


def test_a_slurm_job_is_one_worker_of_one_core():
    with slurm.cluster("teaching", hours=2) as machines:
        script = machines.job_script()
    for words in (
        "#SBATCH -p teaching",
        "--cpus-per-task=1",
        "-t 02:00:00",
        "--nthreads 1",
        "OMP_NUM_THREADS=1",
    ):
        assert words in script
    assert "--lifetime 110m" in script
