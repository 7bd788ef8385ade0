"""Whose hand-in a downloaded file is, by the names that Canvas, Moodle, Gradescope or people gave it.

| from       | the file                                                | the student                         |
|------------|---------------------------------------------------------|-------------------------------------|
| Canvas     | `doejane_LATE_12345_67890_hw1-1.ipynb`                  | `doejane_12345`                     |
| Moodle     | `Jane Doe_12345_assignsubmission_file_/hw1.ipynb`       | `Jane-Doe_12345`                    |
| Gradescope | `submission_12345/hw1.ipynb`, `submission_metadata.yml` | each submitter's e-mail, else SID   |
| people     | `jane.ipynb`, `jane-hw1.zip`, `jane/hw1.ipynb`          | `jane`                              |

The number in Canvas' and Moodle's names is the student's own, so two of one name stay apart. Only what the system
wrote is read, from the left: a student chooses the rest of the name, and everything below the student's folder.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import yaml

from dgm_course.homework.course import Homework

METADATA = "submission_metadata.yml"
EXPORT = re.compile(r"assignment_[0-9]+_export")  # Gradescope's folder around everything
CANVAS = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<user>[0-9]+)_(?P<upload>[0-9]+)_(?P<file>.+)")
MOODLE = re.compile(r"(?P<name>.+)_(?P<user>[0-9]+)_assignsubmission_(?:file|onlinetext)_?")
MOODLE_FLAT = re.compile(r"(?P<name>.+?)_(?P<user>[0-9]+)_assignsubmission_(?:file|onlinetext)_(?P<file>.+)")
GRADESCOPE = re.compile(r"submission_[0-9]+")
MAX_NAME = 64
MAX_BYTES = 192  # of a name, which gets endings before it becomes a file's


@dataclass(frozen=True)
class Claim:
    """Whose hand-in a file is. Of a student's files the one of the highest `rank` counts, of equals the newest."""

    students: tuple[str, ...]
    rank: tuple[bool, bool]
    upload: int = 0  # rises with every upload, where times are equal
    time: datetime | None = None  # what the system says, where it does


@dataclass(frozen=True)
class Submission:
    """What Gradescope says of one submission."""

    students: tuple[str, ...]
    time: datetime | None


def claim(path: PurePosixPath, work: Homework, submissions: dict[str, Submission]) -> Claim | None:
    """Whose hand-in the file at `path` in a download is; None when nobody's.

    Args:
        path: the file's place below the downloaded folder, or in the downloaded archive.
        work: the homework.
        submissions: what Gradescope says, of `submissions_in`.
    """
    first, rest = path.parts[0], path.parts[1:]
    if rest:
        if found := MOODLE.fullmatch(first):
            return Claim((_numbered(found),), _rank(path.name, work))
        if submission := submissions.get(first):
            return Claim(submission.students, _rank(path.name, work), time=submission.time)
        if path.suffix in (".ipynb", ".zip"):
            return Claim((_plain(first, work),), _rank(path.name, work))
        return None
    if found := MOODLE_FLAT.fullmatch(first):
        return Claim((_numbered(found),), _rank(found["file"], work))
    if found := CANVAS.fullmatch(first):
        return Claim((_numbered(found),), _rank(found["file"], work), int(found["upload"]))
    if path.suffix in (".ipynb", ".zip"):
        return Claim((_plain(path.stem, work),), (True, True))
    return None


def from_system(folder: str) -> bool:
    """Whether a folder is a system's, in which all is the student's, even a file with the time of the hand-in."""
    return bool(MOODLE.fullmatch(folder) or GRADESCOPE.fullmatch(folder))


def submissions_in(text: bytes) -> dict[str, Submission]:
    """What Gradescope's metadata says of each submission; raises `ValueError` where it is something else.

    Example:
        >>> submissions_in(b"submission_7: {':submitters': [{':name': Ada, ':email': ada@uni.edu}]}")
        {'submission_7': Submission(students=('ada@uni.edu',), time=None)}
    """
    try:
        loaded = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return {
            name: _submission(name, entry) for name, entry in loaded.items() if GRADESCOPE.fullmatch(name)
        }
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not Gradescope's {METADATA}") from error


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
    if len(student.encode()) > MAX_BYTES:
        return f"its name is longer than {MAX_BYTES} bytes"
    return ""


def _numbered(found: re.Match[str]) -> str:
    """A name with the system's own number, in letters that a folder may have; the number tells students apart."""
    return f"{_slug(found['name'])}_{found['user']}".lstrip("_")


def _slug(name: str) -> str:
    letters = "".join(letter if letter.isalnum() else "-" for letter in unicodedata.normalize("NFKC", name))
    return unicodedata.normalize("NFKC", re.sub("-+", "-", letters)[: MAX_NAME // 2].strip("-"))


def _plain(name: str, work: Homework) -> str:
    return unicodedata.normalize("NFC", name.removesuffix(f"-{work.id}"))


def _submission(name: str, entry: dict[str, Any]) -> Submission:
    students = (_submitter(each, name) for each in entry[":submitters"])
    time = entry.get(":created_at")
    known = time.astimezone(UTC) if isinstance(time, datetime) and time.tzinfo else None
    return Submission(tuple(dict.fromkeys(students)) or (name,), known)


def _submitter(entry: dict[str, Any], submission: str) -> str:
    known = (str(entry.get(key) or "") for key in (":email", ":sid"))
    return next((name for name in known if not refusal(name)), submission)


def _rank(name: str, work: Homework) -> tuple[bool, bool]:
    """Whether a file is a notebook or an archive, and whether it is called like the homework, or so by Canvas."""
    called = re.fullmatch(rf"(?:.*[-_])?{re.escape(work.id)}(?:-[0-9]+)?\.(?:ipynb|zip)", name)
    return name.endswith((".ipynb", ".zip")), called is not None
