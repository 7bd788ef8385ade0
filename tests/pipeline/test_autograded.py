"""What a student's code showed reaches a browser as text and PNG pictures only."""

import base64
import io
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from grading.pipeline.grades.autograded import MAX_PICTURES, SHOWN, plain, redrawn, safe_outputs
from grading.pipeline.marking.results import Result


def _png(size: tuple[int, int] = (3, 2), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG", **options)
    return file.getvalue()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


IMAGE = redrawn(_base64(_png()))
assert IMAGE


def _shown(result: Result, *outputs: dict[str, Any]) -> list[dict[str, Any]]:
    return safe_outputs(replace(result.tasks[0], outputs=outputs))


def test_streams_errors_text_and_png_are_shown(result: Result) -> None:
    shown = _shown(
        result,
        {"output_type": "stream", "name": "stderr", "text": "careful"},
        {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["\x1b[31mlong"]},
        {
            "output_type": "execute_result",
            "data": {"text/plain": "3", "text/html": "<b>3</b>"},
            "metadata": {},
        },
        {
            "output_type": "display_data",
            "data": {"text/plain": "<Figure>", "image/png": IMAGE},
            "metadata": {},
        },
    )
    assert [output.get("text") or output["data"] for output in shown] == [
        "careful",
        "ValueError: no",
        {"text/plain": "3"},
        {"image/png": IMAGE},
    ]
    assert {output.get("name", "stdout") for output in shown} == {
        "stdout"
    }  # nbgrader reads stderr as a failure


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": "<script>alert(1)</script>"},
        {"image/svg+xml": "<svg onload='alert(1)'/>"},
        {"application/javascript": "alert(1)"},
        {"text/markdown": "[x](javascript:alert(1))"},
        {"image/png": 'x" onerror="alert(1)'},
        {"image/png": base64.b64encode(b"<svg/>").decode()},
        {"text/plain": 3},
        "text",
        None,
    ],
)
def test_everything_else_is_dropped(result: Result, data: object) -> None:
    assert _shown(result, {"output_type": "display_data", "data": data, "metadata": {}}) == []


def test_text_cannot_disguise_itself() -> None:
    assert plain("a\x1b[31mred\x1b[0m\u202e\x00\x08b\tc\nd") == "aredb\tc\nd"
    assert len(plain("x" * 10 * SHOWN)) < SHOWN + 10


def test_a_picture_keeps_its_pixels() -> None:
    assert redrawn(IMAGE[:8] + "\n" + IMAGE[8:]) == IMAGE
    picture = Image.open(io.BytesIO(base64.b64decode(IMAGE)))
    assert (picture.size, picture.getpixel((2, 1))) == ((3, 2), (0, 128, 128, 255))


def _archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("smuggled.html", "<script>")
    return file.getvalue()


def _commented() -> bytes:
    comments = PngInfo()
    comments.add_text("Comment", "<script>alert(1)</script>")
    comments.add_itxt("XML:com.adobe.xmp", "<script>alert(1)</script>")
    return _png(pnginfo=comments, icc_profile=b"<script>" * 9, exif=b"Exif\0\0<script>")


@pytest.mark.parametrize(
    "content",
    [
        _png() + b"<html><script>alert(1)</script>",
        _png() + _archive(),
        _commented(),
        _png(save_all=True, append_images=[Image.new("RGB", (3, 2), "red")]),
    ],
    ids=["page behind", "archive behind", "comments and profiles", "animation"],
)
def test_a_picture_keeps_nothing_else(content: bytes) -> None:
    assert len(content) > len(_png())
    assert redrawn(_base64(content)) == IMAGE


@pytest.mark.parametrize(
    "content",
    [_png()[:8] + b"<html>", _png((64, 64))[:80], _png((2049, 2048)), b"GIF89a", b"<svg/>", b""],
    ids=["first bytes only", "cut short", "too many pixels", "another format", "SVG", "nothing"],
)
def test_what_is_no_whole_png_is_no_picture(content: bytes) -> None:
    assert redrawn(_base64(content)) is None


@given(st.binary(max_size=60), st.integers(0, 80))
def test_any_bytes_are_a_picture_or_none(noise: bytes, place: int) -> None:
    content = _png()
    drawn = redrawn(_base64(content[:place] + noise + content[place + len(noise) :]))
    assert drawn is None or Image.open(io.BytesIO(base64.b64decode(drawn))).format == "PNG"


def test_a_task_shows_so_many_pictures_and_no_more(result: Result) -> None:
    picture = {"output_type": "display_data", "data": {"image/png": IMAGE, "text/plain": "a picture"}}
    shown = _shown(result, *[picture] * (MAX_PICTURES + 1))
    assert [*shown[-1]["data"]] == ["text/plain"]
    assert sum("image/png" in each["data"] for each in shown) == MAX_PICTURES
