"""What a worker cannot do, at every level of isolation; and that without confinement it could."""

import os

import pytest

from grading.sandbox import attempts, client
from grading.sandbox.attempts import Finding
from grading.sandbox.client import Cell, Sandbox, SandboxError
from grading.sandbox.confine import MAX_OPEN_FILES
from grading.sandbox.paths import COURSE, GRADING, REFERENCE

BY_RLIMITS = {"take more memory than its budget", "write more than its budget", "open files without end"}


def test_every_attempt_to_escape_is_held(sandbox):
    assert [finding.attempt for finding in attempts.quick(sandbox.worker) if not finding.held] == []


def test_the_attempts_are_real_for_without_confinement_they_succeed():
    with Sandbox("none", trust=True) as sandbox:
        assert sandbox.isolation == "UNISOLATED"
        held = {finding.attempt for finding in attempts.quick(sandbox.worker) if finding.held}
    assert held <= BY_RLIMITS | _needs_root()


def _needs_root() -> set[str]:
    """What an ordinary user may not do to his own parent, depending on the kernel's settings."""
    return {"trace another process", "make a user namespace"}


class NoZygote:
    """A zygote that starts and ends at once."""

    alive = True

    def __init__(self, isolation: str) -> None:
        self.isolation = isolation

    def stop(self) -> None:
        self.alive = False


def test_a_sandbox_that_leaks_does_not_open(monkeypatch):
    leak = Finding("read a gradebook", False, "Mend it.")
    monkeypatch.setattr(client, "ZygoteProcess", NoZygote)
    monkeypatch.setattr(client, "_proved", set())
    monkeypatch.setattr(attempts, "quick", lambda new_worker: [leak])
    sandbox = Sandbox("landlock")
    for _ in range(2):
        with pytest.raises(SandboxError, match=r"A worker could read a gradebook\. Mend it\."):
            sandbox.worker()
        assert sandbox.zygote is None


def test_no_confinement_without_trust():
    with pytest.raises(SandboxError, match="trust"):
        Sandbox("none")


@pytest.mark.parametrize(
    "name", [*REFERENCE, f"{REFERENCE[0]}.made", "grading", "grading.hidden", "solutions"]
)
def test_what_is_absent_says_so_when_imported(worker, name):
    result = worker.run(Cell("import", f"import {name}"))
    assert result.error.type == "ImportError"
    assert "absent while grading" in result.outputs[-1]["evalue"]


def test_no_module_of_the_grader_is_left_to_find(worker):
    source = f"""
import gc, sys
assert not [name for name in sys.modules if name.split(".")[0] == "grading"]
modules = [getattr(found, "__module__", None) for found in gc.get_objects()]
assert not [name for name in modules if isinstance(name, str) and name.startswith({REFERENCE!r})]
"""
    result = worker.run(Cell("look", source))
    assert result.error is None, result


def test_submitted_modules_are_inert(sandbox):
    names = ["torch.py", "conftest.py", "sitecustomize.py", "dgm_course.py", "helper.py", "x.pth"]
    with sandbox.worker(files={name: b"raise SystemExit" for name in names}) as worker:
        assert worker.run(Cell("import", "import torch, dgm_course.data, importlib.util")).error is None
        found = "import os, sys\nassert not {'', os.getcwd()} & set(sys.path)"
        assert worker.run(Cell("path", found)).error is None
        assert worker.run(Cell("helper", "import helper")).error.type == "ModuleNotFoundError"


def test_a_worker_holds_its_own_connection_and_nothing_else(define):
    look = """
import os
def open_files():
    found = []
    for fd in range(%d):
        try: os.fstat(fd)
        except OSError: continue
        found.append(fd)
    return found
"""
    assert define(look % MAX_OPEN_FILES).open_files() == [0, 1, 2, 3]


SYSTEM_CALLS = {
    "kill": "os.kill(os.getpid(), 0)",
    "socket": "socket.socket()",
    "fork": "os.fork()",
    "setuid": "os.setuid(os.getuid())",
    "chmod": "os.chmod('.', 0o700)",
    "chown": "os.chown('.', os.getuid(), os.getgid())",
    "utime": "os.utime('.')",
    "symlink": "os.symlink('/etc', 'etc')",
    "mkfifo": "os.mkfifo('fifo')",
    "nice": "os.setpriority(os.PRIO_PROCESS, 0, 1)",
    "raise-limit": "resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)",
    "limit-of-others": "resource.prlimit(os.getppid(), resource.RLIMIT_CPU)",
    "signal-by-file": "fcntl.fcntl(3, fcntl.F_SETOWN, os.getppid())",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "exec": "os.execv('/bin/true', ['true'])",
    "memfd": "os.memfd_create('m')",
    "setsid": "os.setsid()",
    "pidfd": "os.pidfd_open(os.getppid())",
    "shared-memory": "shared_memory.SharedMemory(create=True, size=1)",
}


@pytest.mark.parametrize("name", SYSTEM_CALLS)
def test_system_calls_off_the_list_fail(worker, name):
    imports = "import fcntl, os, resource, socket\nfrom multiprocessing import shared_memory\n"
    assert worker.run(Cell("call", imports + SYSTEM_CALLS[name])).error.type in (
        "PermissionError",
        "ValueError",
    )


def test_threads_are_allowed_but_processes_by_raw_calls_are_not(worker):
    raw = """
import ctypes, errno, platform
assert platform.machine() in ("x86_64", "aarch64")
CLONE, CLONE3 = (56, 435) if platform.machine() == "x86_64" else (220, 435)
libc = ctypes.CDLL(None, use_errno=True)
for call, expected in ((CLONE, errno.EPERM), (CLONE3, errno.ENOSYS)):
    assert libc.syscall(call, 17, 0, 0, 0, 0) == -1
    assert ctypes.get_errno() == expected
"""
    assert worker.run(Cell("raw", raw)).error is None


def test_the_course_is_there_but_for_the_reference(worker):
    reference = COURSE / "models" / "autoregressive"
    assert worker.run(Cell("read", f"open({str(COURSE / 'data' / '__init__.py')!r}).read()")).error is None
    for path in (reference / "__init__.py", GRADING / "__init__.py", GRADING.parent / "solutions"):
        assert os.path.exists(path)
        assert worker.run(Cell("read", f"open({str(path)!r}).read()")).error.type in attempts.REFUSALS
