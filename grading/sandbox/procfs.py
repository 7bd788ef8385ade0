"""What a process spends, read from /proc; the reader is the zygote, the worker itself sees no /proc."""

import os
from contextlib import suppress
from pathlib import Path


def status(pid: int, key: str) -> int:
    """A number of /proc/<pid>/status, such as VmHWM (KiB) or Threads; 0 when the process has ended."""
    lines = Path(f"/proc/{pid}/status").read_bytes().split(b"\n")[1:]  # the first is a name of its own choice
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{key}:".encode())), 0)


def cpu_seconds(pid: int) -> float:
    # the name in parentheses may hold spaces; utime and stime are the 14th and 15th fields
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def deleted_bytes(pid: int) -> int:
    """Bytes of files that a process holds open and that are no longer in any folder."""
    total = 0
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:  # a process that just died shows none
        for entry in entries:
            with suppress(OSError):
                opened = entry.stat()
                total += opened.st_blocks * 512 if opened.st_nlink == 0 else 0
    return total
