"""Hand-ins from a download into the course's `submitted/`, one student at a time.

A download is a folder or one archive of a whole class, as Canvas, Moodle or Gradescope give it or as people fill it;
`layouts.py` says whose a file is. An archive is never unpacked: notebooks are read out of it, up to a limit. A
hand-in that cannot be read is put in place as it is, so that it gets a score and a reason like any other; only names
that could do harm are refused.
"""

import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dgm_course.homework.course import Homework
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.course.errors import CourseError
from grading.pipeline.handins import downloads, layouts
from grading.pipeline.handins.archives import ArchiveError, notebook_in, open_archive
from grading.pipeline.handins.downloads import Entry
from grading.pipeline.handins.layouts import Claim, Submission
from grading.pipeline.handins.submitted import handed_in_at, submitted_path

SHOWN = 100


@dataclass(frozen=True)
class Collected:
    """What became of one entry of a download: `taken` into the course or not, and a line that says why."""

    name: str
    taken: bool
    line: str


@dataclass(frozen=True)
class _HandIn:
    student: str
    claim: Claim
    entry: Entry

    @property
    def time(self) -> datetime:
        return (self.claim.time or self.entry.time).replace(microsecond=0)

    @property
    def order(self) -> tuple[tuple[bool, bool], datetime, int]:
        """Of a student's hand-ins the highest counts: first what looks like one, then the newest."""
        return self.claim.rank, self.time, self.claim.upload


def collect(source: Path, course: Path, work: Homework) -> Iterator[Collected]:
    """Take over every hand-in of a download, and say for each entry what was done.

    `source` is a folder or a zip file, in any layout of `layouts.py`; a `submissions.zip` in a folder is Canvas' and
    looked into. Of several hand-ins of one student the newest counts; collecting again changes nothing.
    """
    with ExitStack() as stack:
        entries: list[Entry] = []
        for part in downloads.parts(source):
            try:
                entries += downloads.entries(part, source, stack)
            except ArchiveError as error:
                if part == source:
                    raise CourseError(f"{source} cannot be used, {error}: download it again.") from None
                yield Collected(_shown(part.name), False, f"{error}: download it again")
        submissions, trouble = _submissions(entries)
        if trouble:
            yield Collected(layouts.METADATA, False, f"{trouble}: students are called like their submissions")
        newest: dict[str, _HandIn] = {}
        for part_name, claims in _claims(entries, work, submissions).items():
            if not claims and part_name != layouts.METADATA:
                yield Collected(_shown(part_name), False, f"no hand-in of {work.id}: left where it is")
            for hand_in in claims:
                yield from _choose(hand_in, newest)
        for hand_in in newest.values():
            yield _put(hand_in, course, work)


def _submissions(entries: list[Entry]) -> tuple[dict[str, Submission], str]:
    """What Gradescope's metadata says, where there are any, and what is wrong with them."""
    for entry in entries:
        if entry.path.parts == (layouts.METADATA,):
            try:
                return layouts.submissions_in(entry.read()), ""
            except (ValueError, ArchiveError) as error:
                return {}, str(error)
    return {}, ""


def _claims(
    entries: list[Entry], work: Homework, submissions: dict[str, Submission]
) -> dict[str, list[_HandIn]]:
    """Every student's claim to a file, by the entry of the download that the file lies in."""
    claims: dict[str, list[_HandIn]] = {}
    for entry in entries:
        here = claims.setdefault(entry.path.parts[0], [])
        claim = layouts.claim(entry.path, work, submissions)
        here += [_HandIn(student, claim, entry) for student in claim.students] if claim else []
    return claims


def _choose(hand_in: _HandIn, newest: dict[str, _HandIn]) -> Iterator[Collected]:
    """Keep a hand-in unless its name is refused or the student's other one comes first."""
    name, student = _shown(str(hand_in.entry.path)), hand_in.student
    if reason := layouts.refusal(student):
        yield Collected(name, False, f"refused, {reason}: rename it and collect again")
        return
    other = newest.get(student)
    if other and hand_in.claim.rank[0] and other.claim.rank[0]:
        yield Collected(name, False, f"{student} handed in more than once: the newest counts")
    if other is None or hand_in.order > other.order:
        newest[student] = hand_in


def _put(hand_in: _HandIn, course: Path, work: Homework) -> Collected:
    path = submitted_path(course, work.id, hand_in.student)
    time = f"{hand_in.time:%Y-%m-%d %H:%M:%S} UTC"
    if path.exists() and handed_in_at(path) > hand_in.time:
        return Collected(hand_in.student, False, "the course holds a newer hand-in, which stays")
    content, trouble = _content(hand_in.entry, work)
    write_atomically(path.with_name("timestamp.txt"), time.encode())
    write_atomically(path, content)
    if trouble:
        return Collected(hand_in.student, True, f"{trouble}: it will be scored as it is")
    return Collected(hand_in.student, True, f"handed in {time}")


def _content(entry: Entry, work: Homework) -> tuple[bytes, str]:
    """The bytes to grade, and what is wrong with them."""
    try:
        content = entry.read()
    except ArchiveError as error:
        return b"", f"the file cannot be read, {error}"
    if entry.path.suffix != ".zip":
        return content, "" if content else "no file with content"
    try:
        with open_archive(io.BytesIO(content)) as archive:
            return notebook_in(archive, work), ""
    except ArchiveError as error:
        return content, f"the archive cannot be used, {error}"


def _shown(text: str) -> str:
    """Text from outside on one line of a terminal: anything unusual is spelled out, and it is cut."""
    return (text if text.isascii() and text.isprintable() else ascii(text))[:SHOWN]
