"""Escapes: cells that try to do what a worker must not. An attempt is held when its cell fails.

Each names the layers that stop it, every one of them alone: `tests/sandbox/test_layers.py` tries each with the
others off, and all without any layer.
"""

from dataclasses import dataclass

from grading.sandbox.layers import LAYER


@dataclass(frozen=True)
class Attempt:
    """`name` completes "a worker could …"; `landlock` is the version of Landlock that stops it first, if any does."""

    name: str
    source: str
    stopped_by: str
    landlock: int = 1

    @property
    def fix(self) -> str:
        """What to do if it succeeds."""
        return LAYER[self.stopped_by.split()[0]].fix


C = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    result = getattr(libc, name)(*args)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result
"""
CONNECT = "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect"
TEMPORARY = "import tempfile\nfile = tempfile.TemporaryFile()\n"

ATTEMPTS = (
    # the network and other programs
    Attempt("open an internet socket", "import socket; socket.socket(socket.AF_INET)", "seccomp"),
    Attempt("open a unix socket", "import socket; socket.socket(socket.AF_UNIX)", "seccomp"),
    Attempt(
        "reach a server on this machine",
        "import socket; socket.create_connection(('127.0.0.1', PORT), 5)",
        "seccomp landlock bwrap",
        landlock=4,
    ),
    Attempt("reach a program by its socket", CONNECT + "(FOLDER + '/socket')", "seccomp uid bwrap"),
    Attempt(
        "reach a program by an abstract name",
        CONNECT + "('\\0' + FOLDER)",
        "seccomp landlock bwrap",
        landlock=6,
    ),
    # processes
    Attempt("fork", "import os\nif os.fork() == 0: os._exit(0)", "seccomp"),
    Attempt(
        "start a program", "import subprocess; subprocess.run(['/bin/true'], check=True)", "seccomp landlock"
    ),
    Attempt(
        "signal the process that started it",
        "import os; os.kill(os.getppid(), 0)",
        "seccomp landlock uid",
        landlock=6,
    ),
    Attempt("signal the grader", "import os; os.kill(GRADER, 0)", "seccomp landlock uid bwrap", landlock=6),
    Attempt("hold on to the grader", "import os; os.pidfd_open(GRADER)", "seccomp bwrap"),
    Attempt(
        "trace another process",
        C + "call('ptrace', 0x4206, os.getppid(), None, None)",
        "seccomp landlock uid",
    ),
    Attempt(
        "read another process's memory",
        C + "room = ctypes.create_string_buffer(1)\n"
        "here, there = (ctypes.c_void_p * 2)(ctypes.addressof(room), 1), (ctypes.c_void_p * 2)(id(None), 1)\n"
        "call('process_vm_readv', os.getppid(), here, 1, there, 1, 0)",
        "seccomp landlock uid",
    ),
    Attempt(
        "choose the grader's priority",
        "import os; os.setpriority(0, GRADER, os.getpriority(0, GRADER))",
        "seccomp uid bwrap",
    ),
    Attempt("see the grader's limits", "import resource; resource.prlimit(GRADER, 0)", "seccomp uid bwrap"),
    Attempt(
        "see when the grader computes", "import time; time.clock_gettime(~GRADER << 3 | 2)", "seccomp bwrap"
    ),
    Attempt("read the grader's environment", "open(f'/proc/{GRADER}/environ').read()", "landlock uid bwrap"),
    Attempt(
        "read its parent's environment",
        "import os; open(f'/proc/{os.getppid()}/environ').read()",
        "landlock uid",
    ),
    Attempt("see other processes", "import os; os.listdir('/proc')", "landlock"),
    # files
    Attempt("read a gradebook", "open(CANARY).read()", "landlock uid bwrap"),
    Attempt("write a gradebook", "open(CANARY, 'a').write('100/100')", "landlock uid bwrap"),
    Attempt("make a file outside its folder", "open(FOLDER + '/new', 'w')", "landlock uid bwrap"),
    Attempt("delete a file of others", "import os; os.remove(CANARY)", "landlock uid bwrap"),
    Attempt(
        "shorten a file of others",
        "import os; os.truncate(CANARY, 0)",
        "seccomp landlock uid bwrap",
        landlock=3,
    ),
    Attempt("change a file's rights", "import os; os.chmod(CANARY, 0o777)", "seccomp uid bwrap"),
    Attempt("change a file's times", "import os; os.utime(CANARY, (0, 0))", "seccomp uid bwrap"),
    Attempt("make a link", "import os; os.symlink('/etc', 'etc'); os.remove('etc')", "seccomp landlock"),
    Attempt("make a pipe with a name", "import os; os.mkfifo('pipe'); os.remove('pipe')", "seccomp landlock"),
    Attempt("list the hidden tests", "import os; os.listdir(GRADING + '/hidden')", "landlock bwrap"),
    Attempt("read the hidden tests", "open(GRADING + '/hidden/conftest.py').read()", "landlock bwrap"),
    Attempt("read the grader's code", "open(GRADING + '/__init__.py').read()", "landlock"),
    Attempt("read the reference solution", "open(REFERENCE + '/__init__.py').read()", "landlock bwrap"),
    Attempt(
        "leave a file in shared memory",
        "import os\nwith open('/dev/shm/dgm-canary', 'w'): os.remove('/dev/shm/dgm-canary')",
        "landlock",
    ),
    Attempt("lock a file that others lock", "import fcntl; fcntl.flock(open('/dev/null'), 5)", "seccomp"),
    Attempt("throw pages out of memory", "import mmap; mmap.mmap(-1, 4096).madvise(21)", "seccomp"),
    Attempt("watch what others read", C + "os.close(call('inotify_init1', 0))", "seccomp"),
    # what there is of the machine
    Attempt("take more memory than its budget", "bytearray(1 << 30)", "rlimits"),
    Attempt("open files without end", "files = [open('/dev/null') for _ in range(300)]", "rlimits"),
    Attempt("write more than its budget", TEMPORARY + "file.truncate(1 << 30)", "rlimits"),
    Attempt(
        "reserve more disk than its budget",
        C + TEMPORARY + "call('fallocate', file.fileno(), 1, ctypes.c_long(0), ctypes.c_long(1 << 26))",
        "seccomp",
    ),
    # more power than it has
    Attempt("become another user", "import os; os.seteuid(1); os.seteuid(0)", "seccomp uid capabilities"),
    Attempt("change its root folder", "import os; os.chroot('/')", "seccomp uid capabilities"),
    # the last, for it changes who the worker is
    Attempt("make a user namespace", C + "call('unshare', 0x10000000)", "seccomp"),
)
