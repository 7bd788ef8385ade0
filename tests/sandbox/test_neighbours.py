"""Two workers at once: neither sees, signals or traces the other, the zygote or the grader."""

import os

import pytest

from grading.sandbox.attempts import REFUSALS, TRY
from grading.sandbox.client import Cell, Sandbox
from grading.sandbox.escapes import C

SEE = {
    "its environment": "open(f'/proc/{PID}/environ').read()",
    "its memory, as a file": "open(f'/proc/{PID}/mem', 'rb')",
    "its map": "open(f'/proc/{PID}/maps').read()",
    "its state": "open(f'/proc/{PID}/status').read()",
    "its descriptors": "os.listdir(f'/proc/{PID}/fd')",
    "its folder's name": "os.readlink(f'/proc/{PID}/cwd')",
    "its memory": "room = ctypes.create_string_buffer(1)\n"
    "here, there = (ctypes.c_void_p * 2)(ctypes.addressof(room), 1), (ctypes.c_void_p * 2)(id(None), 1)\n"
    "call('process_vm_readv', PID, here, 1, there, 1, 0)",
    "its limits": "import resource; resource.prlimit(PID, 0)",
    "its CPU time": "import time; time.clock_gettime(~PID << 3 | 2)",
    "its process group": "os.getpgid(PID)",
    "its robust futexes": "import platform\n"
    "number = 274 if platform.machine() == 'x86_64' else 100\n"
    "call('syscall', number, PID, ctypes.byref(ctypes.c_long()), ctypes.byref(ctypes.c_long()))",
}
REACH = {
    "a signal": "os.kill(PID, 0)",
    "a signal to its thread": "call('tgkill', PID, PID, 0)",
    "a queued signal": "call('sigqueue', PID, 0, None)",
    "a signal to the group": "os.kill(0, 0)",
    "a signal to all": "os.kill(-1, 0)",
    "a handle": "os.close(os.pidfd_open(PID))",
    "its trace": "call('ptrace', 0x4206, PID, None, None)",
    "its priority": "os.setpriority(0, PID, os.getpriority(0, PID))",
    "its core": "os.sched_setaffinity(PID, os.sched_getaffinity(0))",
}
FILES = {
    "its note": "open(FOLDER + '/note').read()",
    "its list": "os.listdir(FOLDER)",
    "a new file": "open(FOLDER + '/new', 'w')",
    "its note's rights": "os.chmod(FOLDER + '/note', 0o600)",
    "a file for both": "open('/dev/shm/dgm-canary', 'w').close(); os.remove('/dev/shm/dgm-canary')",
}
# What Yama lets nobody do but a parent or root.
YAMA = {"its memory, as a file", "its memory", "its trace"}
WHERE = """
import os
open("note", "w").write("mine")
def where(): return os.getpid(), os.getppid(), os.getcwd(), open("note").read()
"""


def not_refused(sandbox: Sandbox, kind: str) -> list[tuple[str, str]]:
    """What a worker could do to its neighbour, to their zygote and to us."""
    with sandbox.worker() as victim, sandbox.worker() as mallory:
        victim.run(Cell("where", WHERE))
        mallory.run(Cell("try", TRY))
        neighbour, zygote, folder, _ = victim.student.where()
        pids = {"neighbour": neighbour, "zygote": zygote, "grader": os.getpid()}
        done = []
        for who, pid in pids.items() if kind == "processes" else [("neighbour", neighbour)]:
            for name, source in ({**SEE, **REACH} if kind == "processes" else FILES).items():
                if mallory.student.attempt(C + source, {"PID": pid, "FOLDER": folder}) not in REFUSALS:
                    done.append((who, name))
        assert victim.student.where()[3] == "mine"
    return done


@pytest.mark.parametrize("kind", ["processes", "files"])
def test_a_worker_has_no_neighbours(sandbox, kind):
    assert not_refused(sandbox, kind) == []


def test_without_layers_it_has(confined_by):
    done = {name for kind in ("processes", "files") for _, name in not_refused(confined_by(), kind)}
    assert done >= {*SEE, *REACH, *FILES} - (set() if os.geteuid() == 0 else YAMA)
