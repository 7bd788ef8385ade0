"""Archives, read in memory: one member at a time and up to a limit. Nothing is unpacked, so no name does harm."""

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from dgm_course.homework.course import Homework
from grading.pipeline.handins.rebuild import MAX_FILE

# Python unpacks these piece by piece; bzip2 and LZMA at once, where 32 KiB can become gigabytes.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1  # a bit of the flags


class ArchiveError(Exception):
    """An archive or a member of it cannot be used; the message says why in a few words."""


@contextmanager
def _damage() -> Iterator[None]:
    """Whatever goes wrong is an `ArchiveError`: damage meets `zipfile` in places that raise a dozen kinds of errors."""
    try:
        yield
    except ArchiveError:
        raise
    except Exception as error:
        raise ArchiveError(f"it is damaged, or no zip file ({type(error).__name__})") from error


def open_archive(file: Path | IO[bytes]) -> zipfile.ZipFile:
    """The archive in a file."""
    with _damage():
        return zipfile.ZipFile(file)


def files(opened: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that someone meant to hand in: no folders, nothing hidden, nothing that macOS adds."""
    return [
        member for member in opened.infolist() if member.filename[-1:] not in ("", "/") and _is_shown(member)
    ]


def _is_shown(member: zipfile.ZipInfo) -> bool:
    parts = path_of(member).parts
    return bool(parts) and all(part == ".." or not part.startswith((".", "__MACOSX")) for part in parts)


def path_of(member: zipfile.ZipInfo) -> PurePosixPath:
    """Where a member would lie; Windows may have written the path its own way."""
    return PurePosixPath(member.filename.replace("\\", "/"))


def read_member(opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The bytes of a member that is a file as one packs it, at most one more than the grader accepts."""
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ArchiveError("a link instead of a file")
    if member.flag_bits & ENCRYPTED:
        raise ArchiveError("it needs a password")
    if member.compress_type not in METHODS:
        raise ArchiveError("it is packed by another method than deflate")
    if member.file_size > MAX_FILE:
        raise ArchiveError(f"it holds more than {MAX_FILE // 2**20} MiB")
    with _damage(), opened.open(member) as file:
        return file.read(MAX_FILE + 1)


def notebook_in(opened: zipfile.ZipFile, work: Homework) -> bytes:
    """The one notebook of a student's archive: the one called like the homework, where there are several.

    Of members with one and the same path the last counts, as it does for every program that unpacks.
    """
    found = {path_of(member): member for member in files(opened) if path_of(member).suffix == ".ipynb"}
    named = {path: member for path, member in found.items() if path.name == f"{work.id}.ipynb"}
    if len(named or found) != 1:
        raise ArchiveError(f"it should hold one notebook, and holds {len(named or found)}")
    (member,) = (named or found).values()
    return read_member(opened, member)
