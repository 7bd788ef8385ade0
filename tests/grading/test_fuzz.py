"""Whatever is handed in gets a score, a reason where it is odd and one line, and touches nobody else's.

`make test` tries a few hundred cases, always the same; `make fuzz` tries tens of thousands under a new seed, which it
prints: `make fuzz SEED=7` tries those of seed 7 again.
"""

import copy
import io
import json
import os
import resource
import struct
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dgm_course.homework.course import homework
from grading.pipeline.grades.autograded import graded_notebook
from grading.pipeline.handins.collect import collect
from grading.pipeline.handins.rebuild import Rebuilt, rebuild
from grading.pipeline.handins.submitted import submitted_bytes, submitted_path
from grading.pipeline.marking.results import Result, TaskResult, read_result, result_path, write_result
from grading.pipeline.marking.submission import grade_submission
from grading.pipeline.material.bank import hand_in
from grading.pipeline.material.notebooks import release_notebook
from grading.pipeline.pages.feedback import write_feedback

WORK = homework("hw1")
RELEASE = release_notebook(WORK)
BLANK = nbformat.writes(RELEASE).encode()
SOLVED = nbformat.writes(hand_in(WORK)).encode()
HONEST = b'{"cells": []}'
KEY = bytes(32)
LONG = int(os.environ.get("FUZZ_CASES", "0"))
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # where folders are made and removed at once
MEMORY_KIB = 2**20  # that all cases together may take more than is taken now

# ── what is handed in ──


@dataclass(frozen=True)
class Case:
    """A file that is handed in."""

    name: str
    content: bytes

    def __repr__(self) -> str:
        return f"Case({self.name!r}, {self.content[:60]!r} … {len(self.content)} bytes)"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from([10**400, -(2**63), float("nan"), "\ud800", "\u202e", "\x1b[2J", "a" * 70_000]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ids = [cell.id for cell in RELEASE.cells]
names = st.sampled_from([*ids, "free-at-start-1", "free-after-made-1"]) | json_values
sources = (
    json_values | st.lists(st.text() | json_values, max_size=4) | st.sampled_from(["import os", "%%bash\nls"])
)
points = st.sampled_from([-1, 1e308, float("nan"), 10**400]) | json_values
nbgrader = json_values | st.fixed_dictionaries(
    {}, optional={"grade_id": names, "points": points, "solution": json_values, "grade": json_values}
)
cells = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | json_values,
        "id": names,
        "source": sources,
        "input": sources,
        "outputs": json_values,
        "attachments": json_values,
        "execution_count": json_values,
        "metadata": json_values
        | st.fixed_dictionaries({"nbgrader": nbgrader}, optional={"tags": json_values}),
    },
)


@st.composite
def notebooks(draw: st.DrawFn) -> bytes:
    """Something like a notebook, of any version, with any cells."""
    some = draw(st.lists(cells | json_values, max_size=8))
    keys = st.sampled_from(["nbformat", "nbformat_minor", "metadata", "cells", "worksheets"])
    whole = draw(st.dictionaries(keys, json_values)) | draw(
        st.sampled_from([{"cells": some}, {"worksheets": [{"cells": some}, *some]}])
    )
    return json.dumps(whole).encode()


@st.composite
def edited(draw: st.DrawFn) -> bytes:
    """A real notebook in which cells moved, went, came twice or hold anything anywhere."""
    whole = json.loads(draw(st.sampled_from([BLANK, SOLVED])))
    for _ in range(draw(st.integers(1, 6))):
        rows = whole["cells"]
        at, to = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, len(rows) - 1))
        match draw(st.sampled_from(["drop", "double", "swap", "replace", "key", "nbgrader"])):
            case "drop" if len(rows) > 1:
                del rows[at]
            case "double":
                rows.insert(to, copy.deepcopy(rows[at]))
            case "swap":
                rows[at], rows[to] = rows[to], rows[at]
            case "replace":
                rows[at] = draw(cells | json_values)
            case "key" if isinstance(rows[at], dict):
                rows[at][draw(st.sampled_from(["id", "metadata", "source", "cell_type"]))] = draw(json_values)
            case "nbgrader" if isinstance(rows[at], dict):
                rows[at]["metadata"] = {"nbgrader": draw(nbgrader)}
    return json.dumps(whole).encode()


TOKENS = [
    b"NaN", b"-Infinity", b"1e999", b"\\ud800", b"\\u0000", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", "\u202e".encode(),
    b"[" * 20_000, b'{"a":' * 5_000, b"9" * 5_000, b'"cells": ', b'"grade_id": "made"', b'"source": ', b"null", b"{}",
    b"[]", b'"', b"\\", b"\r\n", b"<script>alert(1)</script>", b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04",
    b"PK\x06\x06",
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, whole: bytes, other: bytes) -> bytes:
    """A file with bits turned, pieces cut off, left out, repeated, put in or taken from another."""
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(whole)))
        end = at + draw(st.integers(0, 16) | st.integers(0, len(whole)))
        match draw(st.sampled_from(["flip", "cut", "drop", "repeat", "insert", "splice", "noise"])):
            case "flip":
                whole = (
                    whole[:at] + bytes(byte ^ (1 << at % 8) for byte in whole[at : at + 1]) + whole[at + 1 :]
                )
            case "cut":
                whole = whole[:at]
            case "drop":
                whole = whole[:at] + whole[end:]
            case "repeat":
                whole = whole[:end] + whole[at:end] * draw(st.integers(1, 3)) + whole[end:]
            case "insert":
                whole = whole[:at] + draw(st.sampled_from(TOKENS)) + whole[at:]
            case "splice":
                whole = whole[:at] + other[at:end] + whole[end:]
            case "noise":
                whole = whole[:at] + draw(st.binary(max_size=16)) + whole[at:]
    return whole[: 2**22]


def _zipped(content: bytes, name: str = "hw1.ipynb", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, content)
        archive.writestr("data/notes.txt", b"notes")
    return buffer.getvalue()


METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
ZIPS = [_zipped(SOLVED, method=method) for method in METHODS]


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """An archive whose headers say anything, or that is damaged, or whose members have any names."""
    whole = draw(st.sampled_from(ZIPS))
    match draw(st.sampled_from(["headers", "damage", "names"])):
        case "headers":
            changed = bytearray(whole)
            marks = [at for at in range(len(whole)) if whole[at : at + 2] == b"PK"]
            for _ in range(draw(st.integers(1, 4))):
                at = draw(st.sampled_from(marks)) + draw(st.integers(2, 46))
                form = draw(st.sampled_from(["<B", "<H", "<I"]))
                top = 2 ** (8 * struct.calcsize(form)) - 1
                value = draw(st.sampled_from([0, 1, top, top // 2 + 1]) | st.integers(0, top))
                if at + struct.calcsize(form) <= len(changed):
                    struct.pack_into(form, changed, at, value)
            return bytes(changed)
        case "damage":
            return draw(damaged(whole, ZIPS[0]))
    name = draw(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40))
    return _zipped(
        draw(st.sampled_from([BLANK, b"", b"{"])), name + draw(st.sampled_from(["", ".ipynb", "/hw1.ipynb"]))
    )


FORMS = (
    "{}.ipynb",
    "{}-hw1.zip",
    "{}/hw1.ipynb",
    "{}_LATE_1_2_hw1.ipynb",
    "mallory_1_2_{}.ipynb",
    "{}_1_assignsubmission_file_/hw1.ipynb",
    "mallory_1_assignsubmission_file_/{}.ipynb",
    "submission_1/{}.ipynb",
    "{}",
)


@st.composite
def file_names(draw: st.DrawFn) -> str:
    """A name that a file system holds, in one of the forms in which hand-ins come."""
    text = draw(
        st.text(st.characters(), max_size=60)
        | st.sampled_from(["alice", "..", "=1+1", "\u202eecila", "a" * 240])
    )
    kept = os.fsencode(text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape"))
    kept = kept.replace(b"/", b"").replace(b"\0", b"")[:200]
    name = draw(st.sampled_from(FORMS)).format(os.fsdecode(kept))
    return "mallory.ipynb" if {"", ".", ".."} & set(name.split("/")) else name


CASES = {
    "bytes": st.binary(max_size=300).map(partial(Case, "mallory.ipynb")),
    "json": json_values.map(lambda value: Case("mallory.ipynb", json.dumps(value).encode())),
    "notebook": notebooks().map(partial(Case, "mallory.ipynb")),
    "edited": edited().map(partial(Case, "mallory.ipynb")),
    "damaged blank": damaged(BLANK, SOLVED).map(partial(Case, "mallory.ipynb")),
    "damaged solved": damaged(SOLVED, BLANK).map(partial(Case, "mallory.ipynb")),
    "archive": archives().map(partial(Case, "mallory-hw1.zip")),
    "class archive": archives().map(partial(Case, "submissions.zip")),
    "name": st.builds(Case, file_names(), st.sampled_from([BLANK, b"", ZIPS[1]])),
}
BOXED = ("edited", "notebook", "damaged solved")
COUNTS: Counter[str] = Counter()


# ── what holds ──


@pytest.fixture(scope="module", autouse=True)
def memory() -> Iterator[None]:
    """All cases together take no more than this much memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"\nfuzzed: {dict(COUNTS)}, {sum(COUNTS.values())} in all; {grown >> 10} MiB more memory")
    assert grown < MEMORY_KIB


def handed_in(case: Case, folder: Path) -> dict[str, bytes]:
    """Collect a hand-in beside an honest one; what is then in the course folder, by student."""
    inbox, course = folder / "inbox", folder / "course"
    path = inbox / case.name
    path.parent.mkdir(parents=True)
    path.write_bytes(case.content)
    (inbox / "alice.ipynb").write_bytes(HONEST)
    os.utime(inbox / "alice.ipynb", (2e9, 2e9))
    lines = list(collect(inbox, course, WORK))
    assert all((line.name + line.line).isprintable() for line in lines)
    assert all(len(line.name + line.line) < 300 for line in lines)
    assert len(lines) >= (1 if path == inbox / "alice.ipynb" else 2)
    taken = {
        path.name: submitted_path(course, WORK.id, path.name) for path in (course / "submitted").iterdir()
    }
    assert taken.keys() == {line.name for line in lines if line.taken}
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    allowed = {path.relative_to(folder) for path in (path, inbox / "alice.ipynb", *taken.values())}
    assert files == allowed | {
        each.with_name("timestamp.txt") for each in allowed if each.parts[0] == "course"
    }
    return {student: submitted_bytes(path) for student, path in taken.items()}


def settled(content: bytes, rebuilt: Rebuilt, result: Result, folder: Path) -> None:
    """A result is written, read, and shown in notebook and page, with a reason where the file was no notebook."""
    path = result_path(folder, WORK.id, result.student)
    write_result(result, path, KEY)
    assert read_result(path, KEY) == result
    assert 0 <= result.score <= result.max_score
    graded = graded_notebook(rebuilt.notebook, result)
    nbformat.validate(json.loads(nbformat.writes(graded).encode()))
    page = write_feedback(folder, WORK, result).read_text(encoding="utf-8")
    assert "<script" not in page
    assert all(note.isprintable() and len(note) < 400 for note in rebuilt.notes)
    if not holds_cells(content):
        assert len(rebuilt.notes) == 1


def holds_cells(content: bytes) -> bool:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and bool(data.get("cells") or data.get("worksheets"))


def blank_result(student: str, notes: tuple[str, ...]) -> Result:
    tasks = tuple(TaskResult(task.id, task.number, task.title, task.points, ()) for task in WORK.tasks)
    return Result(WORK.id, student, float(WORK.points), tasks, notes, "none", *("0" * 64 for _ in range(4)))


def tries(share: int, quick: int) -> settings:
    """A share of all cases in the long run; a few, always the same, in the tests."""
    return settings(
        max_examples=max(LONG // share, 1) if LONG else quick,
        derandomize=not LONG,
        deadline=60_000 if LONG else None,  # ms: no case may take a minute
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("kind", CASES)
def test_whatever_is_handed_in_can_be_scored(kind: str) -> None:
    @tries(len(CASES), quick=34)
    @given(CASES[kind])
    def check(case: Case) -> None:
        COUNTS[kind] += 1
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            contents = handed_in(case, Path(folder))
            assert contents["alice"] == HONEST or case.name in (
                "alice.ipynb",
                "alice-hw1.zip",
                "alice/hw1.ipynb",
            )
            for student, content in contents.items() - {("alice", HONEST)}:
                rebuilt = rebuild(RELEASE, content)
                settled(content, rebuilt, blank_result(student, rebuilt.notes), Path(folder))

    check()


@pytest.mark.parametrize("kind", BOXED)
def test_whatever_is_handed_in_is_graded(kind: str, sandbox) -> None:
    @tries(40 * len(BOXED), quick=4)
    @given(CASES[kind])
    def check(case: Case) -> None:
        COUNTS[f"{kind}, graded"] += 1
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            result = grade_submission(WORK, "mallory", case.content, sandbox, KEY, (WORK.task("histogram"),))
            settled(case.content, rebuild(RELEASE, case.content), result, Path(folder))

    check()
