"""What a worker cannot do, at every level of isolation; `test_layers.py` shows that without it could."""

import errno
import os

import pytest
from pyseccomp import Arch, resolve_syscall

from grading.sandbox import attempts, client, seccomp
from grading.sandbox.attempts import Finding
from grading.sandbox.client import Cell, Sandbox, SandboxError
from grading.sandbox.confine import MAX_OPEN_FILES
from grading.sandbox.paths import COURSE, GRADING, REFERENCE


def test_every_attempt_to_escape_is_held(sandbox):
    assert [finding.attempt for finding in attempts.quick(sandbox.worker) if not finding.held] == []


class NoZygote:
    """A zygote that starts and ends at once."""

    alive = True

    def __init__(self, layers: tuple[str, ...]) -> None:
        self.layers = layers

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


BY_ARGUMENT = ("clone", "fallocate", "fcntl", "ioctl", "madvise", "prctl", "prlimit64", "socketpair")
PROBES = {335, 336}  # the kernel lets uretprobe and uprobe by every filter; they only end who calls them
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


def test_every_system_call_off_the_list_fails(define):
    look = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def errors(numbers):
    found = {}
    for number in numbers:
        libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
        found[number] = ctypes.get_errno()
    return found
"""
    number_of = {
        name: resolve_syscall(Arch.NATIVE, name)
        for name in (*seccomp.FREE, *seccomp.CLOCKS, *BY_ARGUMENT, "clone3")
    }
    off = set(range(600)) - set(number_of.values()) - PROBES
    assert len(off) > 400
    assert set(define(look).errors([*off]).values()) == {errno.EPERM}
    clone3 = number_of["clone3"]
    assert define(look).errors([clone3]) == {clone3: errno.ENOSYS}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("libc.madvise(memory, size, 21)", id="empty-the-page-cache"),
        pytest.param("libc.madvise(memory, size, 12)", id="merge-pages-with-others"),
        pytest.param("libc.fallocate(fd, 1, 0, size)", id="reserve-space"),
        pytest.param("libc.socketpair(30, 1, 0, memory)", id="pair-of-another-family"),
        pytest.param("libc.clock_gettime(~os.getppid() << 3 | 2, memory)", id="clock-of-another-process"),
        pytest.param("libc.fcntl(3, 8, os.getppid())", id="signals-by-file"),
        pytest.param("libc.fcntl(fd, 6, memory)", id="lock"),
        pytest.param("libc.ioctl(3, 0x5412, b'x')", id="type-on-a-terminal"),
        pytest.param("libc.prctl(4, 1)", id="dumpable"),
        pytest.param("libc.unshare(0x400)", id="files-of-its-own"),
        pytest.param("libc.prlimit(os.getppid(), 0, None, memory)", id="limits-of-another-process"),
    ],
)
def test_a_system_call_on_the_list_fails_with_arguments_off_it(worker, source):
    prepare = """
import ctypes, os, tempfile
libc = ctypes.CDLL(None, use_errno=True)
file = tempfile.TemporaryFile()
fd, size, memory = file.fileno(), 4096, ctypes.create_string_buffer(4096)
"""
    assert worker.run(Cell("prepare", prepare)).error is None
    result = worker.run(Cell("call", f"assert {source} == -1\nassert ctypes.get_errno() == {errno.EPERM}"))
    assert result.error is None


def test_the_other_ways_into_the_kernel_are_shut(worker):
    """x86-64 has a second table of system calls, which a filter that looks at numbers alone lets by."""
    source = "import ctypes\nassert ctypes.CDLL(None).syscall(0x40000000 | 39) == -1"
    assert worker.run(Cell("x32", source)).error is None or "SIGSYS" in worker.fault.what


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
