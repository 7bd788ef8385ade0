"""A notebook's shell without a kernel: magics, `display`, figures and tracebacks become nbformat outputs."""

import ast
import io
import json
import linecache
import sys
from types import TracebackType
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import SList
from traitlets import Type
from traitlets.config import Config

from grading.sandbox.replies import MIME_TYPES

# A reply's header holds 1 MiB, in which a character of a stream may take six bytes.
MAX_TEXT, MAX_BYTES = 2**16, 600_000
OVERHEAD = 16
CUT = "\n… cut: too much output\n"


def cell_filename(cell: str) -> str:
    return f"<cell {cell}>"


def cell_of(filename: str) -> str:
    return filename.removeprefix("<cell ").removesuffix(">")


class Outputs:
    """The outputs of the cell that runs, in order, up to a limit; what comes after is dropped, not kept."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.bytes_left = MAX_BYTES
        self.text_left = MAX_TEXT

    def stream(self, name: str, text: str) -> None:
        if self.text_left <= 0 or not text:
            return
        self.text_left -= len(text) + OVERHEAD
        if self.text_left <= 0:
            text = text[: self.text_left - 1] + CUT
        if self.items and self.items[-1].get("name") == name:
            self.items[-1]["text"] += text
        else:
            self.items.append({"output_type": "stream", "name": name, "text": text})

    def add(self, output: dict[str, Any]) -> None:
        self.bytes_left -= len(json.dumps(output)) + OVERHEAD
        if self.bytes_left > 0:
            self.items.append(output)
        else:
            self.stream("stderr", CUT)

    def data(self, output_type: str, data: dict[str, Any], **more: object) -> None:
        kept = {mime: text for mime, text in data.items() if mime in MIME_TYPES and isinstance(text, str)}
        self.add({"output_type": output_type, "data": kept, "metadata": {}, **more})


OUTPUTS = Outputs()


class Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a worker."""

    def __init__(self, name: str) -> None:
        self.stream_name = name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        OUTPUTS.stream(self.stream_name, text)
        return len(text)


class _Publisher(DisplayPublisher):
    def publish(self, data: dict[str, Any], *args: object, **kwargs: object) -> None:
        OUTPUTS.data("display_data", data)

    def clear_output(self, wait: bool = False) -> None:
        OUTPUTS.start()


class _Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        """A notebook shows the prompt beside the output, not in it."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: object = None) -> None:
        OUTPUTS.data("execute_result", format_dict, execution_count=self.prompt_count)

    def finish_displayhook(self) -> None:
        self._is_active = False


class _Compiler(CachingCompiler):
    """Gives code the name of its cell, so that a traceback says where the student finds the line."""

    cell = "?"

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return cell_filename(self.cell)

    def format_code_name(self, name: str) -> tuple[str, str] | None:
        return ("Cell", cell_of(name)) if name.startswith("<cell ") else None


class Shell(InteractiveShell):
    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    compiler_class = Type(_Compiler)

    def init_sys_path(self) -> None:
        """The working directory stays off the path: a submitted `torch.py` must not shadow torch."""

    def transform_cell(self, raw_cell: str) -> str:
        """Magics and `!commands` become Python; what is Python already is left alone, which takes half as long."""
        try:
            ast.parse(raw_cell)
        except (SyntaxError, ValueError):
            return super().transform_cell(raw_cell)
        return raw_cell if raw_cell.endswith("\n") else f"{raw_cell}\n"

    def system(self, command: str) -> None:
        """A `!command` is left out with a word, for notebooks often hold a harmless `!pip install`."""
        _no_program()

    def getoutput(self, command: str, split: bool = True, depth: int = 0) -> list[str] | str:
        self.system(command)
        return SList() if split else ""

    def enable_gui(self, gui: str | None = None) -> None:
        """A worker has no screen."""

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        traceback = [line[:MAX_TEXT] for line in stb]
        name = getattr(etype, "__name__", str(etype))
        OUTPUTS.add({"output_type": "error", "ename": name, "evalue": str(evalue), "traceback": traceback})

    def run(self, cell: str, source: str) -> tuple[list[dict[str, Any]], BaseException | None]:
        """Runs one cell; the outputs it left and what it raised."""
        OUTPUTS.start()
        self.compile.cell = cell
        result = self.run_cell(source, store_history=True)
        return OUTPUTS.items, result.error_before_exec or result.error_in_exec


def _no_program(line: str = "", cell: str = "") -> None:
    print("No other program runs while grading.", file=sys.stderr)


def new_shell() -> Shell:
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Context"
    config.InlineBackend.figure_formats = {"png"}
    shell = Shell.instance(config=config)
    shell.db = {}  # what magics remember stays in memory
    for name in ("script", *shell.magics_manager.registry["ScriptMagics"].script_magics):
        shell.magics_manager.register_function(_no_program, "cell", name)
    shell.enable_matplotlib("inline")
    return shell


def deepest_student_line(traceback: TracebackType | None, error: BaseException) -> tuple[str, int] | None:
    """Cell and line number of the innermost frame that is a student's own code."""
    place = None
    if isinstance(error, SyntaxError) and error.filename and error.filename in linecache.cache:
        place = (error.filename, error.lineno or 0)
    while traceback is not None:
        place_here = traceback.tb_frame.f_code.co_filename
        if place_here.startswith("<cell "):
            place = (place_here, traceback.tb_lineno)
        traceback = traceback.tb_next
    return (cell_of(place[0]), place[1]) if place else None
