"""What Canvas, Moodle, Gradescope and people call a file says whose it is, and nothing that a student chose does."""

import io
import os
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from dgm_course.homework.course import Homework
from grading.pipeline.course.errors import CourseError
from grading.pipeline.handins.collect import Collected, collect
from grading.pipeline.handins.layouts import claim, refusal
from grading.pipeline.handins.submitted import handed_in_at, submitted_path, submitted_students

Files = dict[str, bytes]


def packed(files: Files, year: int = 2026) -> bytes:
    """An archive of these files, the later ones a minute newer."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for minute, (name, content) in enumerate(files.items()):
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 2, 3, minute, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def unpacked(files: Files, folder: Path) -> Path:
    """The same as files of a folder."""
    for minute, (name, content) in enumerate(files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1_700_000_000 + minute * 60,) * 2)
    return folder


CANVAS = {
    "doejane_12345_111_hw1.ipynb": b"first",
    "doejane_LATE_12345_222_hw1-1.ipynb": b"Jane's",
    "doejane_99999_333_hw1.zip": packed({"hw1.ipynb": b"the other Jane's"}),
    "muellerjörg_7_444_work.ipynb": b"notes",
    "muellerjörg_7_445_figure.png": b"\x89PNG",
    "roelee_8_555_hw1.pdf": b"%PDF",
}
MOODLE = {
    "Jane O'Doe_12345_assignsubmission_file_/alice_1_2_hw1.ipynb": b"decoy",
    "Jane O'Doe_12345_assignsubmission_file_/hw1.ipynb": b"Jane's",
    "Jane O'Doe_12345_assignsubmission_onlinetext_/onlinetext.html": b"<p>done</p>",
    "李 明_77_assignsubmission_file/sub/folder/hw1.zip": packed({"hw1.ipynb": b"Ming's"}),
    "Roe Lee_8_assignsubmission_file_hw1.ipynb": b"flat",
}
METADATA = b"""---
submission_101:
  :submitters:
  - :name: Ada
    :sid: '5'
    :email: ada@uni.edu
  :created_at: 2026-01-02 05:04:05.339405000 Z
  :score: 3.0
submission_102:
  :submitters:
  - :name: Bob
    :sid: 6
    :email: ''
  - :name: Cy
    :sid: '7'
    :email: cy@uni.edu
submission_103:
  :submitters:
  - :name: "=cmd()"
    :sid:
    :email: "=cmd()@uni.edu"
"""
GRADESCOPE = {
    "submission_metadata.yml": METADATA,
    "submission_101/hw1.ipynb": b"Ada's",
    "submission_101/timestamp.txt": b"2000-01-01 00:00:00 UTC",
    "submission_102/hw1.ipynb": b"of two",
    "submission_103/hw1.ipynb": b"formula's",
    "submission_104/hw1.ipynb": b"nobody's",
}
PEOPLE = {
    "ada.ipynb": b"Ada's",
    "bob-hw1.zip": packed({"hw1.ipynb": b"Bob's"}),
    "cy/hw1.ipynb": b"Cy's",
    "di/hw1/hw1.ipynb": b"Di's",
    "eva/own.ipynb": b"Eva's",
    "fay/draft.ipynb": b"a newer draft",
    "fay/hw1.ipynb": b"Fay's",
}
EXPECTED = {
    "canvas": {
        "doejane_12345": b"Jane's",
        "doejane_99999": b"the other Jane's",
        "muellerjörg_7": b"notes",
        "roelee_8": b"%PDF",
    },
    "moodle": {"Jane-O-Doe_12345": b"Jane's", "李-明_77": b"Ming's", "Roe-Lee_8": b"flat"},
    "gradescope": {
        "ada@uni.edu": b"Ada's",
        "6": b"of two",
        "cy@uni.edu": b"of two",
        "submission_103": b"formula's",
        "submission_104": b"nobody's",
    },
    "people": {
        "ada": b"Ada's",
        "bob": b"Bob's",
        "cy": b"Cy's",
        "di": b"Di's",
        "eva": b"Eva's",
        "fay": b"Fay's",
    },
}
LAYOUTS = {"canvas": CANVAS, "moodle": MOODLE, "gradescope": GRADESCOPE, "people": PEOPLE}


def collected(source: Path, work: Homework) -> tuple[dict[str, bytes], list[Collected]]:
    course = source.parent / "course"
    lines = list(collect(source, course, work))
    assert all(line.line.isprintable() and len(line.line) < 200 for line in lines)
    students = submitted_students(course, "hw1")
    return {name: submitted_path(course, "hw1", name).read_bytes() for name in students}, lines


@pytest.mark.parametrize("form", ["folder", "archive", "archive of a folder", "archive in a folder"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_taken(tmp_path: Path, work: Homework, layout: str, form: str) -> None:
    files = LAYOUTS[layout]
    source = tmp_path / "class.zip"
    if form == "folder":
        source = unpacked(files, tmp_path / "inbox")
    elif form == "archive":
        source.write_bytes(packed(files))
    elif form == "archive of a folder":
        around = "assignment_9_export" if layout == "gradescope" else "class"
        source.write_bytes(packed({f"{around}/{name}": content for name, content in files.items()}))
    else:
        source = unpacked({"submissions.zip": packed(files)}, tmp_path / "inbox")
    assert collected(source, work)[0] == EXPECTED[layout]


def test_of_several_hand_ins_the_newest_counts_and_a_line_says_so(tmp_path: Path, work: Homework) -> None:
    taken, lines = collected(unpacked(CANVAS, tmp_path / "inbox"), work)
    again = [line for line in lines if "more than once" in line.line]
    assert len(again) == 1
    assert "doejane_12345" in again[0].line
    older = tmp_path / "older.zip"
    older.write_bytes(packed({"doejane_12345_111_hw1.ipynb": b"first"}, year=1980))
    assert not next(collect(older, tmp_path / "course", work)).taken
    assert collected(tmp_path / "inbox", work)[0] == taken


def test_where_times_are_equal_the_later_upload_counts(tmp_path: Path, work: Homework) -> None:
    inbox = unpacked({"a_1_999_hw1-1.ipynb": b"new", "a_1_1000_hw1-2.ipynb": b"newest"}, tmp_path / "inbox")
    for path in inbox.iterdir():
        os.utime(path, (0, 0))
    assert collected(inbox, work)[0] == {"a_1": b"newest"}


def test_the_time_is_the_systems_and_not_the_students(tmp_path: Path, work: Homework) -> None:
    collected(unpacked(GRADESCOPE, tmp_path / "inbox"), work)
    path = submitted_path(tmp_path / "course", "hw1", "ada@uni.edu")
    assert f"{handed_in_at(path)}" == "2026-01-02 05:04:05+00:00"


@pytest.mark.parametrize(
    "path",
    [
        "mallory_5_6_alice_1_2_hw1.ipynb",
        "mallory_LATE_5_6_alice_1_2_hw1.ipynb",
        "mallory_5_assignsubmission_file_alice_1_assignsubmission_file_hw1.ipynb",
        "mallory_5_assignsubmission_file_/alice_1_2_hw1.ipynb",
        "mallory_5_assignsubmission_file_/alice_1_assignsubmission_file_/hw1.ipynb",
        "mallory_5/submission_1/hw1.ipynb",
    ],
)
def test_a_file_cannot_pass_for_another_students(work: Homework, path: str) -> None:
    found = claim(PurePosixPath(path), work, {})
    assert found
    assert found.students == ("mallory_5",)


def test_an_archive_of_a_student_cannot_hand_in_for_others(tmp_path: Path, work: Homework) -> None:
    files = {"alice_1_2_hw1.ipynb": b"forged", "alice/hw1.ipynb": b"forged", "../alice.ipynb": b"forged"}
    taken, _ = collected(unpacked({"mallory-hw1.zip": packed(files)}, tmp_path / "inbox"), work)
    assert set(taken) == {"mallory"}


@pytest.mark.parametrize(
    "metadata", [b"", b"[1]", b"{", b"submission_101: 3", b"submission_101: !!python/name:os {}"]
)
def test_without_metadata_students_are_called_like_their_submissions(
    tmp_path: Path, work: Homework, metadata: bytes
) -> None:
    files = {"submission_metadata.yml": metadata, "submission_101/hw1.ipynb": b"Ada's"}
    taken, lines = collected(unpacked(files, tmp_path / "inbox"), work)
    assert taken == {"submission_101": b"Ada's"}
    assert "not Gradescope's" in lines[0].line


def test_one_bad_member_stops_no_other(tmp_path: Path, work: Homework) -> None:
    class_zip = bytearray(packed({"ada_1_1_hw1.ipynb": b"Ada's" * 9, "bob_2_2_hw1.ipynb": b"Bob's" * 9}))
    class_zip[class_zip.index(b"ada_1_1_hw1.ipynb") + 17] ^= 0xFF
    (tmp_path / "class.zip").write_bytes(class_zip)
    taken, (ada, bob) = collected(tmp_path / "class.zip", work)
    assert taken == {"ada_1": b"", "bob_2": b"Bob's" * 9}
    assert "cannot be read" in ada.line
    assert bob.taken


def test_an_archive_of_a_class_that_is_none(tmp_path: Path, work: Homework) -> None:
    (tmp_path / "class.zip").write_bytes(b"PK cut short")
    with pytest.raises(CourseError, match="download it again"):
        list(collect(tmp_path / "class.zip", tmp_path / "course", work))
    inbox = unpacked({"submissions.zip": b"PK cut short", "ada.ipynb": b"Ada's"}, tmp_path / "inbox")
    taken, (lost, _) = collected(inbox, work)
    assert taken == {"ada": b"Ada's"}
    assert (lost.name, lost.taken) == ("submissions.zip", False)


def test_an_archive_of_a_class_in_which_nothing_is_left_is_a_line(tmp_path: Path, work: Homework) -> None:
    hidden = packed({"__MACOSX/._a.ipynb": b"", ".b.ipynb": b"", "c/": b""})  # found by fuzzing
    taken, lines = collected(unpacked({"submissions.zip": hidden}, tmp_path / "inbox"), work)
    assert taken == {}
    assert [line.line for line in lines] == ["it holds no files: download it again"]


def test_paths_that_climb_are_refused_and_nothing_is_written_outside(tmp_path: Path, work: Homework) -> None:
    names = ("../../up.ipynb", "/tmp/dgm-attack-marker.ipynb", "..\\up\\hw1.ipynb", "\u202eecila.ipynb", "/")
    (tmp_path / "class.zip").write_bytes(packed({name: b"{}" for name in names} | {"ada.ipynb": b"Ada's"}))
    taken, lines = collected(tmp_path / "class.zip", work)
    assert taken == {"ada": b"Ada's"}
    assert sum("refused" in line.line for line in lines) == 4
    assert {path.name for path in tmp_path.iterdir()} == {"class.zip", "course"}


def test_students_of_the_systems_are_never_refused(work: Homework) -> None:
    for name in ("'", "Ａ" * 99, "\u0301", "१ की", "O'Neil-Smith Jr.", "𠀀" * 40):
        found = claim(PurePosixPath(f"{name}_12_assignsubmission_file_/hw1.ipynb"), work, {})
        assert found
        assert refusal(found.students[0]) == ""
