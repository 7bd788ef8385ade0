"""The notebook that formgrader shows after grading: the student's source with outcomes as its outputs.

No output is taken over as it came: text loses its control characters, of a picture only the pixels are kept,
anything that a browser could run is dropped. A check cell's last output is its score as a number, which nbgrader
reads.
"""

import base64
import io
import re
import warnings
from typing import Any

import nbformat
from nbformat import NotebookNode
from PIL import Image

from grading.pipeline.marking.results import Result, TaskResult, TestResult

# What changes how other text looks: control characters but tab and newline, terminal colours, bidirectional marks.
UNPRINTABLE = re.compile(
    "\x1b\\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
SHOWN = 4000  # characters of one output
MAX_PICTURES = 8  # of one task
MAX_PIXELS = 2**22


def graded_notebook(rebuilt: NotebookNode, result: Result) -> NotebookNode:
    """The rebuilt notebook with each task's own outputs and, below its check cell, tests and score."""
    tasks = {task.id: task for task in result.tasks}
    for cell in rebuilt.cells:
        kind, _, name = cell.metadata.get("nbgrader", {}).get("grade_id", "").rpartition("check-")
        if cell.id in tasks:
            cell.outputs = [nbformat.from_dict(output) for output in safe_outputs(tasks[cell.id])]
        elif name in tasks and not kind and cell.cell_type == "code":
            cell.outputs = [_report(tasks[name]), _score(tasks[name])]
    return rebuilt


def plain(text: str) -> str:
    """A student's text without what could disguise it, cut to a length that a page can hold."""
    text = UNPRINTABLE.sub("", text)
    return text if len(text) <= SHOWN else text[:SHOWN] + "\n… cut"


def safe_outputs(task: TaskResult) -> list[dict[str, Any]]:
    """What a task's own cell showed, as plain text and PNG pictures only."""
    shown: list[dict[str, Any]] = []
    for output in task.outputs:
        pictures = sum("image/png" in each.get("data", {}) for each in shown)
        if kept := _safe(output, may_draw=pictures < MAX_PICTURES):
            shown.append(kept)
    return shown


def _safe(output: dict[str, Any], may_draw: bool) -> dict[str, Any] | None:
    match output:
        case {"output_type": "stream", "text": str(text)}:
            return {"output_type": "stream", "name": "stdout", "text": plain(text)}
        case {"output_type": "error", "ename": str(name), "evalue": str(value)}:
            return {"output_type": "stream", "name": "stdout", "text": plain(f"{name}: {value}")}
        case {"data": {"image/png": str(image)}} if may_draw and (drawn := redrawn(image)):
            return {"output_type": "display_data", "data": {"image/png": drawn}, "metadata": {}}
        case {"data": {"text/plain": str(text)}}:
            return {"output_type": "display_data", "data": {"text/plain": plain(text)}, "metadata": {}}
    return None


def redrawn(image: str) -> str | None:
    """The pixels of a PNG in base64 as a new PNG, which holds nothing else; None for whatever is no whole PNG.

    Text, profiles, further frames and bytes after the end are gone: no page or archive can hide in them.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            content = base64.b64decode(image.replace("\n", ""), validate=True)
            picture = Image.open(io.BytesIO(content), formats=["PNG"])
            if picture.width * picture.height > MAX_PIXELS:
                return None
            pixels = picture.convert("RGBA")
    except Exception:  # decoders raise whatever they like at bytes that are no picture
        return None
    pixels.info = {}
    file = io.BytesIO()
    pixels.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _report(task: TaskResult) -> NotebookNode:
    text = "\n".join(_line(test) for test in task.tests)
    return nbformat.v4.new_output("display_data", data={"text/plain": plain(text)})


def _line(test: TestResult) -> str:
    head = f"{'✓' if test.passed else '✗'} {test.title} ({test.points:g})"
    if test.passed:
        return head
    return f"{head}\n    expected: {test.expected}\n    got: {test.got}\n    likely cause: {test.cause}"


def _score(task: TaskResult) -> NotebookNode:
    return nbformat.v4.new_output("execute_result", data={"text/plain": repr(float(task.score))})
