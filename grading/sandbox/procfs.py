"""What a process spends, read from /proc; the reader is the zygote, the worker itself sees no /proc."""

import math
import os
from contextlib import suppress
from pathlib import Path

MAX_MAPS = 2**23


def status(pid: int, key: str) -> int:
    """A number of /proc/<pid>/status, such as VmHWM (KiB) or Threads; 0 when the process has ended."""
    lines = Path(f"/proc/{pid}/status").read_bytes().split(b"\n")[1:]  # the first is a name of its own choice
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{key}:".encode())), 0)


def cpu_seconds(pid: int) -> float:
    # the name in parentheses may hold spaces; utime and stime are the 14th and 15th fields
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def queued_seconds(pid: int) -> float:
    """How long a process's first thread stood in line for a core; endless where the kernel does not count it."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except FileNotFoundError:
        return math.inf


def children(pid: int) -> set[int]:
    """The living and the unburied children of a process."""
    found = set()
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):
            if status(int(entry), "PPid") == pid:
                found.add(int(entry))
    return found


def deleted_bytes(pid: int, folder: Path) -> float:
    """Bytes of files that a process holds and that are no longer in any folder.

    Of one that is mapped and has no descriptor the kernel tells nobody the size: it counts as endless, and so does a
    list of maps too long to be read.
    """
    total, opened = 0, set()
    try:
        with os.scandir(f"/proc/{pid}/fd") as entries:
            for entry in entries:
                with suppress(OSError):
                    file = entry.stat()
                    opened.add(file.st_ino)
                    total += file.st_blocks * 512 if file.st_nlink == 0 else 0
        with open(f"/proc/{pid}/maps", "rb") as listing:
            maps = listing.read(MAX_MAPS)
    except OSError:
        if status(pid, "VmSize"):  # it lives, and we may not look
            raise
        return total
    if len(maps) == MAX_MAPS:
        return math.inf
    gone = (line.split(maxsplit=5) for line in maps.split(b"\n") if line.endswith(b" (deleted)"))
    own = os.fsencode(folder) + b"/"
    mapped = {int(fields[4]) for fields in gone if fields[5].startswith(own)}
    return math.inf if mapped - opened else total
