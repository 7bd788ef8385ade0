"""What a worker gives up before it sees a line of student code; none of it can be taken back.

Resource limits, root's capabilities, Landlock and seccomp need neither root nor a helper. Where the zygote is root
and may, every worker gets an account of its own besides.
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
MAX_THREADS = 128


def confine(
    layers: frozenset[str],
    scratch: Path,
    readable: Iterable[tuple[Path, bool]],
    calls: SyscallFilter,
    uid: int,
    parent: int,
    limits: tuple[float, int, int],
) -> None:
    """Puts the layers on this process, in an order in which each leaves possible what comes after it."""
    if "rlimits" in layers:
        limit(*limits)
    if "uid" in layers:
        become(uid, scratch)
    die_with(parent)
    if "capabilities" in layers:
        drop_capabilities()
    if "landlock" in layers:
        restrict_files(scratch, readable)
    if "seccomp" in layers:
        restrict_calls(calls)


def limit(cpu_seconds: float, memory_mib: int, disk_mib: int) -> None:
    """Resource limits. Memory counts from what the fork holds already."""
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


def become(uid: int, scratch: Path) -> None:
    """From now on this is the process of a user who owns `scratch` and nothing else, and whose threads are counted."""
    os.chown(scratch, uid, uid)
    # twice what the zygote lets pass, so that it is the zygote who ends a flood and says so
    resource.setrlimit(resource.RLIMIT_NPROC, (2 * MAX_THREADS, 2 * MAX_THREADS))
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def die_with(parent: int) -> None:
    """Death when the parent dies. A change of uid takes it back, so it comes after `become`."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise ProcessLookupError("the zygote has died")


def drop_capabilities() -> None:
    """Root keeps root's name, none of its powers."""
    _gain_nothing()
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing):
        raise OSError(ctypes.get_errno(), f"capset: {os.strerror(ctypes.get_errno())}")


def restrict_files(scratch: Path, readable: Iterable[tuple[Path, bool]]) -> None:
    """Only `scratch` may be written, only the course and its libraries read."""
    _gain_nothing()
    allowed = [(path, landlock.READ if whole else Access.READ_DIR) for path, whole in readable]
    allowed += [(path, Access.READ_FILE | Access.WRITE_FILE) for path in paths.DEVICES]
    landlock.restrict([*allowed, (scratch, landlock.WRITE)])


def restrict_calls(calls: SyscallFilter) -> None:
    """Only harmless system calls; the last step, for all others need calls that are gone after it."""
    _gain_nothing()
    calls.load()


def _gain_nothing() -> None:
    """No set-uid program gives this process anything; without this Landlock and seccomp refuse to begin."""
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
