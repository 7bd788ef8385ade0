"""What a worker gives up before it sees a line of student code; none of it can be taken back.

Each layer needs neither root nor a helper: resource limits, `no_new_privs`, Landlock, no capabilities, seccomp.
"""

import ctypes
import math
import os
import resource
import signal
from collections.abc import Iterable
from pathlib import Path

from pyseccomp import SyscallFilter

from grading.sandbox import landlock, paths
from grading.sandbox.landlock import Access, libc

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
CAPABILITY_VERSION_3 = 0x20080522
MAX_OPEN_FILES = 256


def limit(cpu_seconds: float, memory_mib: int, disk_mib: int) -> None:
    """Resource limits, and death with the zygote. Memory counts from what the fork holds already."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + (memory_mib << 20)
    cpu = math.ceil(cpu_seconds)
    limits = {
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CPU: (cpu, cpu + 1),
        resource.RLIMIT_FSIZE: (disk_mib << 20, disk_mib << 20),
        resource.RLIMIT_NOFILE: (MAX_OPEN_FILES, MAX_OPEN_FILES),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_MEMLOCK: (0, 0),
        resource.RLIMIT_MSGQUEUE: (0, 0),
    }
    for kind, bounds in limits.items():
        highest = resource.getrlimit(kind)[1]  # an ordinary user may only go down from here
        if highest != resource.RLIM_INFINITY:
            bounds = (min(bounds[0], highest), min(bounds[1], highest))
        resource.setrlimit(kind, bounds)


def confine(scratch: Path, readable: Iterable[tuple[Path, bool]], calls: SyscallFilter) -> None:
    """Only `scratch` may be written, only the course and its libraries read, only harmless calls made."""
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    allowed = [(path, landlock.READ if whole else Access.READ_DIR) for path, whole in readable]
    allowed += [(path, Access.READ_FILE | Access.WRITE_FILE) for path in paths.DEVICES]
    landlock.restrict([*allowed, (scratch, landlock.WRITE)])
    _drop_capabilities()
    calls.load()


def _drop_capabilities() -> None:
    """A worker of root keeps root's name, none of its powers."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing):
        raise OSError(ctypes.get_errno(), f"capset: {os.strerror(ctypes.get_errno())}")
