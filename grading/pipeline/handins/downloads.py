"""The files that a download holds, a folder or one archive of a whole class, each with its place and its time."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from zipfile import ZipInfo

from grading.pipeline.course.errors import CourseError
from grading.pipeline.handins import archives, layouts
from grading.pipeline.handins.submitted import changed_at, handed_in_at, submitted_bytes

MAX_FILES = 1000  # below one student's folder
MAX_DEPTH = 8
CANVAS = "submissions.zip"


@dataclass(frozen=True)
class Entry:
    """A file of a download: its place there, when it was written, and how to read it."""

    path: PurePosixPath
    time: datetime
    read: Callable[[], bytes]


def parts(source: Path) -> list[Path]:
    """What of a download is looked into by itself, so that one bad part stops no other."""
    if source.is_dir():
        return sorted(source.iterdir())
    if not source.is_file():
        raise CourseError(f"{source} is not a folder or a zip file: name the one that holds the hand-ins.")
    return [source]


def entries(part: Path, source: Path, stack: ExitStack) -> Iterator[Entry]:
    """The files of one part, in the order of their paths; an archive of a class stays open until `stack` ends."""
    if part == source or (part.name == CANVAS and part.is_file()):
        yield from _in_archive(part, stack)
    elif part.is_symlink() or not part.is_dir():
        yield _file(part, source)
    elif layouts.EXPORT.fullmatch(part.name):
        for inner in sorted(part.iterdir()):
            yield from entries(inner, part, stack)
    else:
        yield from (_file(path, source) for path in islice(_walk(part), MAX_FILES))


def _walk(folder: Path, depth: int = 0) -> Iterator[Path]:
    """The files of a student's folder; a link is one, and gives nothing to read."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_dir():
            yield path
        elif depth < MAX_DEPTH and not path.name.startswith("."):
            yield from _walk(path, depth + 1)


def _file(path: Path, source: Path) -> Entry:
    place = PurePosixPath(path.relative_to(source))
    time = changed_at(path) if layouts.from_system(place.parts[0]) else handed_in_at(path)
    return Entry(place, time, partial(submitted_bytes, path))


def _in_archive(source: Path, stack: ExitStack) -> Iterator[Entry]:
    """The files of a class's archive; the folder that it was made of is looked through."""
    opened = stack.enter_context(archives.open_archive(source))
    members = [(archives.path_of(member), member) for member in archives.files(opened)]
    if not members:
        raise archives.ArchiveError("it holds no files")
    around = {path.parts[0] for path, _ in members}
    if len(around) == 1 and all(len(path.parts) > 1 for path, _ in members):
        (folder,) = around
        if folder == source.stem or layouts.EXPORT.fullmatch(folder):
            members = [(path.relative_to(folder), member) for path, member in members]
    for path, member in sorted(members, key=lambda pair: pair[0]):
        yield Entry(path, _time(member, source), partial(archives.read_member, opened, member))


def _time(member: ZipInfo, source: Path) -> datetime:
    """The time of a member, which an archive holds in local time; that of the archive where it is no time."""
    try:
        return datetime(*member.date_time).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return changed_at(source)
