"""Escapes: cells that try to do what a worker must not. An attempt is held when its cell fails."""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dgm_course.testing import StudentError
from grading.sandbox.outcome import Budget, Cell
from grading.sandbox.paths import COURSE, GRADING, REFERENCE

if TYPE_CHECKING:
    from grading.sandbox.session import Worker

LANDLOCK = "Boot Linux 5.13 or newer with landlock in its lsm= list."
SECCOMP = "Boot a Linux kernel with CONFIG_SECCOMP_FILTER and install libseccomp 2.5 or newer."
RLIMITS = "Raise the hard limits of the shell that grades: `ulimit -H -a` shows them."

BUDGET = Budget(cpu_seconds=10, wall_seconds=10, memory_mib=512, disk_mib=8)
# An attempt that fails for another reason, such as a typing error, proves nothing.
REFUSALS = ("PermissionError", "FileNotFoundError", "ProcessLookupError", "OSError", "MemoryError")


@dataclass(frozen=True)
class Attempt:
    """`name` completes "a worker could …"; `fix` is what to do if it can."""

    name: str
    source: str
    fix: str


@dataclass(frozen=True)
class Finding:
    attempt: str
    held: bool
    fix: str


C = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    if getattr(libc, name)(*args) < 0:
        raise OSError(ctypes.get_errno(), name)
"""

ATTEMPTS = (
    Attempt("open an internet socket", "import socket; socket.socket(socket.AF_INET)", SECCOMP),
    Attempt("open a unix socket", "import socket; socket.socket(socket.AF_UNIX)", SECCOMP),
    Attempt(
        "ask a name server", "import socket; socket.getaddrinfo('127.0.0.1', 53)[0]; socket.socket()", SECCOMP
    ),
    Attempt("fork", "import os\nif os.fork() == 0: os._exit(0)", SECCOMP),
    Attempt("start a program", "import subprocess; subprocess.run(['/bin/true'], check=True)", SECCOMP),
    Attempt("signal the process that started it", "import os; os.kill(os.getppid(), 0)", SECCOMP),
    Attempt("trace another process", C + "call('ptrace', 0x4206, os.getppid(), None, None)", SECCOMP),
    Attempt("change a file's rights", "import os; os.chmod(CANARY, 0o777)", SECCOMP),
    Attempt("shorten a file of others", "import os; os.truncate(CANARY, 0)", SECCOMP),
    Attempt("read a gradebook", "open(CANARY).read()", LANDLOCK),
    Attempt("write a gradebook", "open(CANARY, 'a').write('100/100')", LANDLOCK),
    Attempt("make a file outside its folder", "open(CANARY + '.new', 'w')", LANDLOCK),
    Attempt("delete a file of others", "import os; os.remove(CANARY)", LANDLOCK),
    Attempt("list the hidden tests", "import os; os.listdir(GRADING)", LANDLOCK),
    Attempt("read the grader's code", "open(GRADING + '/__init__.py').read()", LANDLOCK),
    Attempt("read the grader's environment", "open(f'/proc/{GRADER}/environ').read()", LANDLOCK),
    Attempt(
        "read its parent's environment", "import os; open(f'/proc/{os.getppid()}/environ').read()", LANDLOCK
    ),
    Attempt("see other processes", "import os; os.listdir('/proc')", LANDLOCK),
    Attempt("read the reference solution", "open(REFERENCE + '/__init__.py').read()", LANDLOCK),
    Attempt("take more memory than its budget", "bytearray(1 << 30)", RLIMITS),
    Attempt("write more than its budget", "open('large', 'wb').truncate(1 << 30)", RLIMITS),
    Attempt("make a user namespace", C + "call('unshare', 0x10000000)", SECCOMP),
    Attempt("open files without end", "files = [open('/dev/null') for _ in range(5000)]", RLIMITS),
)


TRY = """
def attempt(source, names):
    try:
        exec(source, names)
    except BaseException as error:
        return type(error).__name__
"""


def quick(new_worker: Callable[[Budget], "Worker"]) -> Iterator[Finding]:
    """Tries every escape that takes no time, all in one worker."""
    with tempfile.TemporaryDirectory(prefix="dgm-canary-") as folder:
        canary = Path(folder) / "gradebook.db"
        canary.write_text("a secret")
        before = _trace(canary)
        names = {
            "CANARY": str(canary),
            "GRADING": str(GRADING),
            "GRADER": os.getpid(),
            "REFERENCE": str(COURSE.parent.joinpath(*REFERENCE[0].split("."))),
        }
        with new_worker(BUDGET) as worker:
            worker.run(Cell("try", TRY))
            for attempt in ATTEMPTS:
                try:
                    refusal = worker.student.attempt(attempt.source, names)
                except StudentError:
                    refusal = "the worker died"  # which no refusal brings about
                yield Finding(attempt.name, refusal in REFUSALS, attempt.fix)
        yield Finding("leave a trace outside its folder", _trace(canary) == before, LANDLOCK)


def _trace(canary: Path) -> list[tuple[str, int, int]]:
    """What a change beside or to the canary would change."""
    found = sorted(canary.parent.iterdir())
    return [(path.name, path.stat().st_mode, path.stat().st_mtime_ns) for path in found]
