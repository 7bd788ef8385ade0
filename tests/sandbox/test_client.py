"""A sandbox outlives its zygote, and leaves neither process nor file behind."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grading.sandbox import doctor, launch, procfs
from grading.sandbox.client import Cell, Sandbox, SandboxError
from grading.sandbox.host import ZygoteProcess

SPIN = """
import os, threading
def spin():
    while True: pass
def pid(): return os.getpid()
threading.Thread(target=spin).start()
os.makedirs("a/b")
open("a/b/c", "w").write("x")
"""


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def own(folder: Path) -> Iterator[Sandbox]:
    """A sandbox to be maltreated: in its own temporary folder, opened by a grader that knows a secret."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DGM_COURSE_KEY", "a secret")
        patch.setattr("tempfile.tempdir", str(folder))
        with Sandbox("landlock") as sandbox:
            yield sandbox


def test_the_graders_environment_does_not_reach_a_worker(own):
    with own.worker() as worker:
        worker.run(Cell("look", "import os\ndef environment(): return dict(os.environ)"))
        environment = worker.student.environment()
    assert environment["OMP_NUM_THREADS"] == "1"
    assert "a secret" not in environment.values()


def test_a_closed_worker_leaves_neither_process_nor_file(own, folder):
    with own.worker() as worker:
        worker.run(Cell("spin", SPIN))
        pid = worker.student.pid()
        assert alive(pid)
        assert list(folder.rglob("a/b/c"))
    assert not alive(pid)
    assert not list(folder.rglob("worker-*"))


def test_a_dead_zygote_takes_its_workers_along_and_is_replaced(own):
    orphan = own.worker()
    orphan.run(Cell("spin", SPIN))
    process = own.zygote.process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    orphan.connection.socket.settimeout(30)
    assert orphan.connection.socket.recv(1) == b"", "the worker lives on"
    with pytest.raises(SandboxError, match="died"):
        orphan.run(Cell("again", "1"))
    orphan.close()
    with own.worker() as worker:
        assert worker.run(Cell("fine", "1")).error is None
    assert own.zygote.process.pid != process.pid


def test_a_closed_sandbox_leaves_neither_process_nor_file(own, folder):
    worker = own.worker()
    worker.run(Cell("spin", SPIN))
    pid = worker.student.pid()
    own.__exit__()
    assert not alive(pid)
    assert list(folder.iterdir()) == []


def test_a_grader_that_is_killed_leaves_neither_process_nor_file(folder, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    zygote = ZygoteProcess("landlock")
    zygote.control.close()
    zygote.process.wait()
    assert list(folder.iterdir()) == []


def descendants(pid: int) -> list[int]:
    return [found for child in procfs.children(pid) for found in (child, *descendants(child))]


def test_what_a_sandbox_says_of_itself_the_kernel_says_of_its_worker(sandbox):
    with sandbox.worker():
        youngest = max(descendants(sandbox.zygote.process.pid))
        status = Path(f"/proc/{youngest}/status").read_text().splitlines()
        facts = dict(line.split(":\t", 1) for line in status if ":\t" in line)
        limits = Path(f"/proc/{youngest}/limits").read_text()
        groups = Path(f"/proc/{youngest}/cgroup").read_text()
    real, effective, *_ = facts["Uid"].split()
    held = {
        "bwrap": len(facts["NSpid"].split()) == 2,
        "uid": real == effective != str(os.getuid()),
        "capabilities": facts["NoNewPrivs"] == "1" and not int(facts["CapPrm"], 16),
        "landlock": True,  # which the kernel does not show; every attempt below tries it
        "seccomp": facts["Seccomp"] == "2",
        "rlimits": "Max core file size        0 " in limits,
        "cgroup": groups != Path("/proc/self/cgroup").read_text(),
    }
    assert set(sandbox.isolation.split("+")) == {layer for layer in held if held[layer]}


def test_automatic_isolation_is_the_best_that_works():
    assert Sandbox().level == ("bwrap" if launch.bwrap_works() else "landlock")


def test_without_bwrap_landlock_alone_is_chosen(monkeypatch):
    monkeypatch.setattr(launch.shutil, "which", lambda program: None)
    launch.bwrap_works.cache_clear()
    assert Sandbox().level == "landlock"
    launch.bwrap_works.cache_clear()


def test_an_unknown_isolation_is_refused():
    with pytest.raises(ValueError, match="auto, bwrap, landlock, none"):
        Sandbox("docker")


def test_the_doctor_finds_every_attempt_held(sandbox):
    findings = list(doctor.examine(sandbox))
    assert [finding for finding in findings if not finding.held] == []
    assert {attempt.name for attempt in doctor.OUTLIVE} < {finding.attempt for finding in findings}


def test_what_does_not_start_says_why(monkeypatch):
    broken = [sys.executable, "-c", "raise RuntimeError('no libseccomp')"]
    monkeypatch.setattr(launch, "command", lambda *_: broken)
    with pytest.raises(SandboxError, match="no libseccomp"):
        Sandbox("landlock").worker()
    (finding,) = doctor.diagnose("landlock")
    assert not finding.held
    assert "no libseccomp" in finding.fix


def test_a_file_that_cannot_be_written_is_our_fault_not_the_students(sandbox):
    with pytest.raises(SandboxError, match="no/such/folder"):
        sandbox.worker(files={"no/such/folder": b""})
