"""Collecting takes every hand-in that could be one, never leaves the course folder, and stops for nobody."""

import io
import os
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgm_course.homework.course import Homework
from grading.pipeline.course.errors import CourseError
from grading.pipeline.handins.collect import Collected, collect
from grading.pipeline.handins.layouts import refusal
from grading.pipeline.handins.rebuild import MAX_FILE
from grading.pipeline.handins.submitted import (
    handed_in_at,
    submitted_bytes,
    submitted_path,
    submitted_students,
)

NOTEBOOK = b'{"cells": []}'


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def _zip(*members: tuple[str, bytes], mode: int = 0o600) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _collect(inbox: Path, work: Homework) -> tuple[Path, list[Collected]]:
    course = inbox.parent / "course"
    return course, list(collect(inbox, course, work))


def _taken(course: Path, student: str) -> bytes:
    return submitted_path(course, "hw1", student).read_bytes()


def test_every_form_of_hand_in_is_taken(inbox: Path, work: Homework) -> None:
    (inbox / "ada-hw1.zip").write_bytes(_zip(("hw1.ipynb", NOTEBOOK), ("__MACOSX/._hw1.txt", b"")))
    (inbox / "bob").mkdir()
    (inbox / "bob" / "hw1.ipynb").write_bytes(NOTEBOOK)
    (inbox / "cy.ipynb").write_bytes(NOTEBOOK)
    (inbox / "di" / "hw1").mkdir(parents=True)
    (inbox / "di" / "hw1" / "hw1.ipynb").write_bytes(NOTEBOOK)
    (inbox / "eva@uni.edu-hw1.zip").write_bytes(_zip(("work/renamed.ipynb", NOTEBOOK)))
    (inbox / "README.txt").write_text("not a hand-in")
    course, lines = _collect(inbox, work)
    assert submitted_students(course, "hw1") == ["ada", "bob", "cy", "di", "eva@uni.edu"]
    assert {_taken(course, student) for student in submitted_students(course, "hw1")} == {NOTEBOOK}
    assert [line.name for line in lines if not line.taken] == ["README.txt"]


def test_the_time_of_the_hand_in_is_kept(inbox: Path, work: Homework) -> None:
    for student in ("ada", "bob", "cy"):
        (inbox / student).mkdir()
        path = inbox / student / "hw1.ipynb"
        path.write_bytes(NOTEBOOK)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    (inbox / "bob" / "timestamp.txt").write_text("2026-01-02 04:04:05.5+01:00")
    (inbox / "cy" / "timestamp.txt").write_text("yesterday, I promise")
    course, _ = _collect(inbox, work)
    stamps = {
        s: submitted_path(course, "hw1", s).with_name("timestamp.txt").read_text()
        for s in ("ada", "bob", "cy")
    }
    assert stamps == {
        "ada": "2023-11-14 22:13:20 UTC",
        "bob": "2026-01-02 03:04:05 UTC",
        "cy": "2023-11-14 22:13:20 UTC",
    }
    assert f"{handed_in_at(submitted_path(course, 'hw1', 'bob'))}" == "2026-01-02 03:04:05+00:00"


def test_a_time_that_no_calendar_holds_is_not_believed(inbox: Path, work: Homework) -> None:
    (inbox / "ada").mkdir()
    (inbox / "ada" / "hw1.ipynb").write_bytes(NOTEBOOK)
    (inbox / "ada" / "timestamp.txt").write_text("0001-01-01T00:00:00+14:00")
    course, _ = _collect(inbox, work)
    assert _taken(course, "ada") == NOTEBOOK


def test_the_newest_hand_in_of_a_student_counts(inbox: Path, work: Homework) -> None:
    (inbox / "ada-hw1.zip").write_bytes(_zip(("hw1.ipynb", b"old")))
    (inbox / "ada.ipynb").write_bytes(b"new")
    os.utime(inbox / "ada-hw1.zip", (1, 1))
    course, lines = _collect(inbox, work)
    assert _taken(course, "ada") == b"new"
    assert sum("more than once" in line.line for line in lines) == 1
    (inbox / "ada.ipynb").unlink()
    (stale,) = collect(inbox, course, work)
    assert not stale.taken
    assert _taken(course, "ada") == b"new"


def test_collecting_again_changes_nothing(inbox: Path, work: Homework) -> None:
    (inbox / "ada.ipynb").write_bytes(NOTEBOOK)
    course, first = _collect(inbox, work)
    assert list(collect(inbox, course, work)) == first


def _bomb(method: int) -> bytes:
    """150 MiB of zeros as one notebook, which calls itself small."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, archive.open("hw1.ipynb", "w") as member:
        for _ in range(150):
            member.write(bytes(2**20))
    size, lie = (150 * 2**20).to_bytes(4, "little"), (10_000).to_bytes(4, "little")
    return buffer.getvalue().replace(size, lie)


def _encrypted() -> bytes:
    """An archive that says that its notebook is encrypted, in both of its headers."""
    packed = bytearray(_zip(("hw1.ipynb", NOTEBOOK)))
    packed[6] |= 1
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(packed)


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (b"PK\x03\x04 cut short", "no zip file"),
        (b"", "no zip file"),
        (_zip(), "holds 0"),
        (_zip(("a.ipynb", b"1"), ("b.ipynb", b"2")), "holds 2"),
        (_zip(("hw1.ipynb", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777), "a link"),
        (_zip(("hw1.ipynb", bytes(MAX_FILE + 1))), "more than 32 MiB"),
        (_encrypted(), "needs a password"),
    ],
)
def test_a_bad_archive_is_handed_on_to_be_scored(
    inbox: Path, work: Homework, packed: bytes, words: str
) -> None:
    (inbox / "ada-hw1.zip").write_bytes(packed)
    (inbox / "bob.ipynb").write_bytes(NOTEBOOK)
    course, (ada, bob) = _collect(inbox, work)
    assert ada.taken
    assert words in ada.line
    assert _taken(course, "ada") == packed
    assert bob.taken


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_is_never_unpacked(inbox: Path, work: Homework, method: int) -> None:
    packed = _bomb(method)
    (inbox / "ada-hw1.zip").write_bytes(packed)
    tracemalloc.start()
    course, (ada,) = _collect(inbox, work)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * MAX_FILE
    assert "cannot be used" in ada.line
    assert _taken(course, "ada") == packed


def test_an_honest_archive_may_hold_much_and_pack_well(inbox: Path, work: Homework) -> None:
    outputs = b'{"cells": [], "outputs": "' + b"epoch 1: loss 0.5\\n" * 500_000 + b'"}'
    rest = [(f"venv/lib/{number}.py", b"") for number in range(2000)]
    copies = [(".ipynb_checkpoints/own-checkpoint.ipynb", b"old"), ("__MACOSX/._own.ipynb", b"\0")]
    (inbox / "ada-hw1.zip").write_bytes(_zip(("own.ipynb", outputs), *rest, *copies))
    course, _ = _collect(inbox, work)
    assert _taken(course, "ada") == outputs


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_members_with_one_path_the_last_counts_as_when_unpacking(inbox: Path, work: Homework) -> None:
    (inbox / "ada-hw1.zip").write_bytes(_zip(("hw1.ipynb", b"first"), ("hw1.ipynb", NOTEBOOK)))
    course, _ = _collect(inbox, work)
    assert _taken(course, "ada") == NOTEBOOK


def test_an_archive_cannot_write_elsewhere(inbox: Path, work: Homework) -> None:
    (inbox / "ada-hw1.zip").write_bytes(_zip(("../../../hw1.ipynb", NOTEBOOK), ("/etc/cron.d/x", b"x")))
    course, _ = _collect(inbox, work)
    assert _taken(course, "ada") == NOTEBOOK
    written = {str(path.relative_to(inbox.parent)) for path in inbox.parent.rglob("*") if path.is_file()}
    assert written == {
        "inbox/ada-hw1.zip",
        "course/submitted/ada/hw1/hw1.ipynb",
        "course/submitted/ada/hw1/timestamp.txt",
    }


def test_links_pipes_and_floods_are_not_read(inbox: Path, work: Homework) -> None:
    secret = inbox.parent / "gradebook.db"
    secret.write_bytes(b"secret")
    (inbox / "ada.ipynb").symlink_to(secret)
    (inbox / "bob").mkdir()
    (inbox / "bob" / "hw1.ipynb").symlink_to(secret)
    (inbox / "cy").mkdir()
    os.mkfifo(inbox / "cy" / "hw1.ipynb")
    os.mkfifo(inbox / "di.zip")
    with open(inbox / "eva.ipynb", "wb") as file:
        file.truncate(10 * MAX_FILE)
    course, _ = _collect(inbox, work)
    assert submitted_students(course, "hw1") == ["ada", "bob", "cy", "di", "eva"]
    assert [_taken(course, student) for student in ("ada", "bob", "cy", "di")] == [b""] * 4
    assert len(_taken(course, "eva")) == MAX_FILE + 1
    assert submitted_bytes(inbox) == b""


HARMFUL = [
    *(
        "",
        "=1+1",
        "+1",
        "-rm",
        "@sum",
        ".hidden",
        "..",
        "a/b",
        "a\\b",
        "a\0b",
        "a\nb",
        "a b",
        "*",
        "a[b]",
        "a,b",
    ),
    *(
        "ada\u202e",
        "ada\u200b",
        "ﬁ",
        "x" * 65,
        "\U00020000" * 64,
        "a\udcff",
        "a;b",
        "a'b",
        'a"b',
        "<b>",
        "ada.",
    ),
]


@pytest.mark.parametrize("name", HARMFUL)
def test_names_that_could_do_harm_are_refused(name: str) -> None:
    assert refusal(name)


@pytest.mark.parametrize("name", ["ada", "ada.lovelace-1", "müller", "s1234567", "eva@uni.edu", "李明"])
def test_names_of_people_are_not(name: str) -> None:
    assert refusal(name) == ""


def test_a_refused_name_is_one_line_and_stops_nobody(inbox: Path, work: Homework) -> None:
    (inbox / "=cmd()-hw1.zip").write_bytes(_zip(("hw1.ipynb", NOTEBOOK)))
    Path(os.fsdecode(os.fsencode(inbox) + b"/\xff\x1b[2J.ipynb")).write_bytes(NOTEBOOK)
    (inbox / "bob.ipynb").write_bytes(NOTEBOOK)
    course, lines = _collect(inbox, work)
    assert submitted_students(course, "hw1") == ["bob"]
    assert [line.name for line in lines if not line.taken] == ["=cmd()-hw1.zip", r"'\udcff\x1b[2J.ipynb'"]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=70))
def test_an_accepted_name_is_one_folder(name: str) -> None:
    if not refusal(name):
        path = submitted_path(Path("/course"), "hw1", name)
        assert path.parts == ("/", "course", "submitted", name, "hw1", "hw1.ipynb")
        assert name.strip() == name
        assert not name.startswith(("=", "+", "-", "@", "."))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 200), st.binary(min_size=1, max_size=4))
def test_any_damage_to_an_archive_is_survived(
    tmp_path_factory: pytest.TempPathFactory, at: int, noise: bytes
) -> None:
    whole = _zip(("hw1.ipynb", NOTEBOOK))
    inbox = tmp_path_factory.mktemp("class") / "inbox"
    inbox.mkdir()
    (inbox / "ada-hw1.zip").write_bytes(whole[:at] + noise + whole[at + len(noise) :])
    work = Homework("hw1", "A homework", "hw1", ())
    (line,) = collect(inbox, inbox.parent / "course", work)
    assert line.taken


def test_a_missing_folder_says_what_to_do(tmp_path: Path, work: Homework) -> None:
    with pytest.raises(CourseError, match="not a folder"):
        next(collect(tmp_path / "nowhere", tmp_path, work))
