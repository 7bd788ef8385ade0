"""Files appear whole or not at all, whenever the process is killed; what it leaves of a draft is swept by the next."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grading.pipeline.course.errors import CourseError

DRAFTS = f".*-{'[0-9a-f]' * 12}"


@contextmanager
def draft(path: Path, content: bytes, mode: int = 0o666) -> Iterator[Path]:
    """A hidden file beside `path` with all of the content on disk, to be moved or linked there.

    As long as it is locked, `sweep` leaves it alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    place = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    try:
        with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            yield place
    finally:
        place.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file in place in one step, making its folder when needed."""
    try:
        with draft(path, content) as place:
            os.replace(place, path)
    except FileNotFoundError:  # swept by another process before it was locked
        with draft(path, content) as place:
            os.replace(place, path)


def sweep(folder: Path) -> None:
    """Remove the drafts below a folder that nobody is at work on: whoever was has been killed."""
    for place in folder.rglob(DRAFTS):
        with suppress(OSError), open(place, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            place.unlink()


@contextmanager
def alone(course: Path) -> Iterator[None]:
    """Who grades in a course folder does so alone; the kernel ends this lock with its process, however that ends."""
    folder = os.open(course, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CourseError(
                f"Another run is at work in {course}: wait until it ends, or stop it."
            ) from None
        yield
    finally:
        os.close(folder)
