"""Hand-ins from a folder into the course's `submitted/`, one student at a time.

Accepted: `<student>-hw1.zip`, `<student>/hw1.ipynb` (or nbgrader's `<student>/hw1/hw1.ipynb`) and `<student>.ipynb`.
An archive is never unpacked: the one notebook in it is read, up to a limit. A hand-in that cannot be read is put in
place as it is, so that it gets a score and a reason like any other; only names that could do harm are refused.
"""

import io
import lzma
import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from dgm_course.homework.course import Homework
from grading.pipeline.errors import CourseError
from grading.pipeline.rebuild import MAX_FILE
from grading.pipeline.results import write_atomically
from grading.pipeline.submitted import handed_in_at, submitted_bytes, submitted_path

MAX_MEMBERS = 1000
MAX_RATIO = 200  # JSON with pictures packs to a tenth; a bomb to a thousandth
MAX_NAME = 64
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,  # also broken text in names
    RuntimeError,  # encrypted, or packed in a way that Python does not know
    OverflowError,
    MemoryError,
)


@dataclass(frozen=True)
class Collected:
    """What became of one entry of the folder: `taken` into the course or not, and a line that says why."""

    name: str
    taken: bool
    line: str


@dataclass(frozen=True)
class _HandIn:
    student: str
    content: bytes
    time: datetime
    trouble: str = ""


def collect(folder: Path, course: Path, work: Homework) -> Iterator[Collected]:
    """Take over every hand-in below `folder`, and say for each entry what was done.

    Of several hand-ins of one student the newest counts; collecting again changes nothing.
    """
    if not folder.is_dir():
        raise CourseError(f"{folder} is not a folder: name the one that holds the hand-ins.")
    found: dict[str, _HandIn] = {}
    for entry in sorted(folder.iterdir()):
        path = _file_of(entry, work)
        if path is None:
            yield Collected(_shown(entry.name), False, f"no hand-in of {work.id}: left where it is")
            continue
        student = _student(entry, work)
        reason = refusal(student)
        if reason:
            yield Collected(_shown(entry.name), False, f"refused, {reason}: rename it and collect again")
            continue
        hand_in = _read(student, path, work)
        other = found.get(student)
        if other is not None:
            yield Collected(
                _shown(entry.name), False, f"{student} handed in more than once: the newest counts"
            )
        if other is None or hand_in.time > other.time:
            found[student] = hand_in
    for hand_in in found.values():
        yield _put(hand_in, course, work)


def refusal(student: str) -> str:
    """Why a name cannot be a student's: it could leave the folder, be run as a formula or read as another name.

    Example:
        >>> refusal("ada.lovelace-1")
        ''
        >>> refusal("=1+1")
        'its name begins with a sign'
    """
    if not student:
        return "it has no student's name"
    if len(student) > MAX_NAME:
        return f"its name is longer than {MAX_NAME} characters"
    if not student[0].isalnum():
        return "its name begins with a sign"
    if not all(letter.isalnum() or letter in "._-@" for letter in student) or student.endswith("."):
        return "its name holds more than letters, digits, dots, dashes and @"
    if unicodedata.normalize("NFKC", student) != student:
        return "its name is spelled with look-alike letters"
    return ""


def _file_of(entry: Path, work: Homework) -> Path | None:
    """The file that an entry of the folder hands in, or None when the entry is something else."""
    if entry.is_symlink():
        return None
    if not entry.is_dir():
        return entry if entry.suffix in (".zip", ".ipynb") else None
    name = f"{work.id}.ipynb"
    inside = (entry / name, entry / work.id / name)
    return next((path for path in inside if os.path.lexists(path) and not path.parent.is_symlink()), None)


def _student(entry: Path, work: Homework) -> str:
    name = entry.name if entry.is_dir() else entry.stem
    return unicodedata.normalize("NFC", name.removesuffix(f"-{work.id}"))


def _read(student: str, path: Path, work: Homework) -> _HandIn:
    content, time = submitted_bytes(path), handed_in_at(path)
    if path.suffix != ".zip":
        return _HandIn(student, content, time, "" if content else "no file with content")
    try:
        return _HandIn(student, _notebook_in(content, work), time)
    except BROKEN as error:
        return _HandIn(student, content, time, f"the archive cannot be used ({_shown(str(error))})")


def _notebook_in(packed: bytes, work: Homework) -> bytes:
    """The notebook of an archive, read in memory up to the limit; nothing is unpacked, so no name matters."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(".ipynb")]
        if len(archive.infolist()) > MAX_MEMBERS:
            raise ValueError(f"more than {MAX_MEMBERS} files")
        named = [member for member in members if PurePosixPath(member.filename).name == f"{work.id}.ipynb"]
        if len(named or members) != 1:
            raise ValueError(f"it should hold one notebook, and holds {len(named or members)}")
        member = (named or members)[0]
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ValueError("its notebook is a link")
        if member.file_size > min(MAX_FILE, MAX_RATIO * max(member.compress_size, 1)):
            raise ValueError("its notebook is too large, or packed too tightly to be one")
        with archive.open(member) as file:
            return file.read(MAX_FILE + 1)


def _put(hand_in: _HandIn, course: Path, work: Homework) -> Collected:
    path = submitted_path(course, work.id, hand_in.student)
    time = f"{hand_in.time:%Y-%m-%d %H:%M:%S} UTC"
    if path.exists() and handed_in_at(path) > hand_in.time:
        return Collected(hand_in.student, False, "the course holds a newer hand-in, which stays")
    write_atomically(path.with_name("timestamp.txt"), time.encode())
    write_atomically(path, hand_in.content)
    if hand_in.trouble:
        return Collected(hand_in.student, True, f"{hand_in.trouble}: it will be scored as it is")
    return Collected(hand_in.student, True, f"handed in {time}")


def _shown(text: str) -> str:
    """Text from outside on one line of a terminal: anything unusual is spelled out."""
    return text if text.isascii() and text.isprintable() else ascii(text)
