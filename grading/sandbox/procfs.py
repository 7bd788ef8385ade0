"""What a process spends, read from /proc; the reader is the zygote, the worker itself sees no /proc."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MAX_THREADS = 128
MAX_FILES = 2_000
MAX_DEPTH = 16


def status(pid: int, key: str) -> int:
    """A number of /proc/<pid>/status, such as VmHWM (KiB) or Threads; 0 when the process has ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{key}:")), 0)


def cpu_seconds(pid: int) -> float:
    # the name in parentheses may hold spaces; utime and stime are the 14th and 15th fields
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def flood(pid: int, scratch: Path, disk_bytes: int) -> str | None:
    """What a process has too much of: threads, files, bytes on disk, or nothing."""
    if status(pid, "Threads") > MAX_THREADS:
        return "threads"
    try:
        files = sum(_sizes(str(scratch)))
    except OSError:
        return "files"  # too many or too deep, or hidden from us by a folder's mode
    return "bytes on disk" if files + _deleted_bytes(pid) > disk_bytes else None


def _sizes(root: str) -> Iterator[int]:
    """The sizes on disk of everything below `root`, as far as one may count."""
    count, folders = 0, [(root, 0)]
    while folders:
        folder, depth = folders.pop()
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                count += 1
                if count > MAX_FILES or depth > MAX_DEPTH:
                    raise OSError(f"more than {MAX_FILES} files or {MAX_DEPTH} levels in {root}")
                with suppress(FileNotFoundError):
                    yield entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append((entry.path, depth + 1))


def _deleted_bytes(pid: int) -> int:
    """Bytes of files that are open and no longer in any folder."""
    total = 0
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:  # a process that just died shows none
        for entry in entries:
            with suppress(OSError):
                opened = entry.stat()
                total += opened.st_blocks * 512 if opened.st_nlink == 0 else 0
    return total
