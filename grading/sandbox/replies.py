"""What a worker's replies may be. They are taken apart and made anew, so that only the expected parts remain."""

import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grading.sandbox.outcome import CellError, CellResult
from grading.sandbox.wire import Frame, ProtocolViolation

MIME_TYPES = ("text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg")

Sources = Mapping[str, list[str]]


@dataclass(frozen=True)
class Failure:
    """An exception in student code: raised · missing · unsendable, its builtin type, the student's own line."""

    kind: str
    type: str
    line: str | None = None
    lineno: int | None = None


def failure(body: Any, sources: Sources) -> Failure:
    """A reported exception. Type and line come from our own tables: neither can carry a hidden input."""
    match body:
        case {
            "kind": "raised" | "missing" | "unsendable" as kind,
            "type": str(name),
            "cell": cell,
            "line": line,
        }:
            known = getattr(builtins, name, None)
            if not (isinstance(known, type) and issubclass(known, BaseException)):
                raise ProtocolViolation("an exception of no known type")
            source = sources.get(cell, []) if isinstance(cell, str) else []
            if type(line) is int and 0 < line <= len(source):
                return Failure(kind, name, source[line - 1].strip(), line)
            return Failure(kind, name)
    raise ProtocolViolation("an error of no known form")


def cell_result(frame: Frame, sources: Sources) -> CellResult:
    match frame.kind, frame.body:
        case "value", {"outputs": list(outputs), "error": error}:
            return CellResult([_output(output) for output in outputs], _cell_error(error, sources))
        case "error", body:
            return CellResult([], _cell_error(body, sources))
    raise ProtocolViolation("a cell's result of no known form")


def _cell_error(body: Any, sources: Sources) -> CellError | None:
    if body is None:
        return None
    known = failure(body, sources)
    return CellError("raised", known.type, known.line, known.lineno)


def _output(output: Any) -> dict[str, Any]:
    match output:
        case {"output_type": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
            return {"output_type": "stream", "name": name, "text": text}
        case {"output_type": "error", "ename": str(ename), "evalue": str(evalue), "traceback": list(lines)}:
            if all(isinstance(line, str) for line in lines):
                return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": lines}
        case {"output_type": "display_data" | "execute_result" as kind, "data": dict(data)}:
            if all(mime in MIME_TYPES and isinstance(text, str) for mime, text in data.items()):
                count = {"execution_count": None} if kind == "execute_result" else {}
                return {"output_type": kind, "data": data, "metadata": {}, **count}
    raise ProtocolViolation("an output of no known form")
