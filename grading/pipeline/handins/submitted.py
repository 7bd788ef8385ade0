"""Where hand-ins lie in a course folder, and how their bytes are read without trusting the file system."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from grading.pipeline.handins.rebuild import MAX_FILE


def submitted_path(course: Path, homework: str, student: str) -> Path:
    """Where nbgrader keeps a student's hand-in."""
    return course / "submitted" / student / homework / f"{homework}.ipynb"


def submitted_students(course: Path, homework: str) -> list[str]:
    """The students with a collected hand-in, by name."""
    return sorted(path.parents[1].name for path in course.glob(f"submitted/*/{homework}/{homework}.ipynb"))


def submitted_bytes(path: Path) -> bytes:
    """The bytes of a regular file, one more than the grader accepts at most; a link, pipe or folder is empty.

    A link could point at the gradebook and a pipe could keep the grader waiting for ever.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return b""
    with open(handle, "rb") as file:
        return file.read(MAX_FILE + 1)


def handed_in_at(path: Path) -> datetime:
    """When a notebook was handed in, to the second: what `timestamp.txt` beside it says, else the file's own time."""
    text = submitted_bytes(path.with_name("timestamp.txt"))[:100].decode("ascii", "replace").strip()
    try:
        time = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the first and the last day of all time have no equal everywhere
        return changed_at(path)
    return time.replace(microsecond=0)


def changed_at(path: Path) -> datetime:
    """When a file was last changed, to the second."""
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC).replace(microsecond=0)
