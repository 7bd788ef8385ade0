"""What a student's code showed reaches a browser as text and PNG pictures only."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from grading.pipeline.autograded import PNG, SHOWN, is_png, plain, safe_outputs
from grading.pipeline.results import Result

IMAGE = base64.b64encode(PNG + b"data").decode()


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


def test_a_png_is_told_by_its_bytes() -> None:
    assert is_png(IMAGE)
    assert is_png(IMAGE[:8] + "\n" + IMAGE[8:])
    assert not is_png("iVBORw0KGgo é")
    assert not is_png("")
