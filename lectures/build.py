"""Lectures are built from text: `lectures/<lecture>/NN_<section>.py`, one file a section, in percent format.

A lecture is shown in JupyterLab, as slides, by Voilà, or as a page without a kernel. The marker line of a cell says
where it stands among the slides:

    # %% [markdown] slide="slide"       begins a slide; also "subslide", "fragment", "notes" (for the speaker), "skip"
    # %% hide=true                      code that a page without a kernel leaves out; its picture stays

`python lectures/build.py` builds each lecture's notebook beside its sources; `--check` only compares; `--html` runs it
and writes a page with pictures below `build/lectures`.
"""

import os
import re
import sys
from pathlib import Path

import nbformat
from latex2mathml.converter import convert
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from traitlets.config import Config

from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.material.notebooks import KERNEL, ROOT, source_cells

LECTURES = ROOT / "lectures"
PAGES = ROOT / "build" / "lectures"
SLIDES = ("slide", "subslide", "fragment", "notes", "skip")
HIDDEN = "remove_input"
WIDGET = "application/vnd.jupyter.widget-view+json"


def lectures() -> list[Path]:
    """The folders that hold a lecture's sources."""
    return sorted({path.parent for path in LECTURES.glob("*/[0-9][0-9]_*.py")})


def built_path(folder: Path) -> Path:
    """Where a lecture's notebook is committed."""
    return folder / f"{folder.name}.ipynb"


def lecture_notebook(folder: Path) -> NotebookNode:
    """The notebook of a lecture, without outputs; a cell's id is its file's name and its place there.

    Raises `ValueError` naming the file when a marker says what no slide is.
    """
    cells: list[NotebookNode] = []
    for path in sorted(folder.glob("[0-9][0-9]_*.py")):
        for place, cell in enumerate(source_cells(path), start=1):
            new = nbformat.v4.new_markdown_cell if cell.cell_type == "markdown" else nbformat.v4.new_code_cell
            slide = cell.metadata.get("slide", "-")
            if unknown := set(cell.metadata) - {"slide", "hide", "lines_to_next_cell"}:
                raise ValueError(f"{path.name}: a lecture's cell has no mark {', '.join(sorted(unknown))}")
            if slide not in (*SLIDES, "-"):
                raise ValueError(f"{path.name}: a slide is one of {', '.join(SLIDES)}, not {slide!r}")
            metadata = NotebookNode(slideshow=NotebookNode(slide_type=slide))
            if cell.metadata.get("hide"):
                metadata.tags = [HIDDEN]
            cells.append(new(cell.source, id=f"{path.stem}-{place}", metadata=metadata))
    return nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )


def executed(folder: Path) -> NotebookNode:
    """The lecture after all its cells ran in a fresh kernel, in its own folder."""
    notebook = lecture_notebook(folder)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
    return client.execute(env=os.environ | {"OMP_NUM_THREADS": "1"})


def page(notebook: NotebookNode) -> str:
    """An executed lecture as one HTML file: pictures instead of widgets, formulas as MathML, no script."""
    section, captions = "", []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            section = " ".join(re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE)[-1:]) or section
            cell.source = with_formulas(cell.source)
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            shown.pop(WIDGET, None)
            captions += [f"Figure: {section}"] * ("image/png" in shown)
    hidden = {"enabled": True, "remove_input_tags": {HIDDEN}}
    exporter = HTMLExporter(
        config=Config(TagRemovePreprocessor=hidden), exclude_input_prompt=True, exclude_output_prompt=True
    )
    text, _ = exporter.from_notebook_node(notebook)
    text = re.sub(r"No description has been provided for this image", lambda _: captions.pop(0), text)
    return re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def with_formulas(text: str) -> str:
    """Markdown whose formulas are MathML, which browsers draw without a script.

    >>> with_formulas("so $x$ is")[:12]
    'so <math xml'
    """
    text = re.sub(r"\$\$(.+?)\$\$", lambda found: convert(found[1], display="block"), text, flags=re.DOTALL)
    return re.sub(r"\$(.+?)\$", lambda found: convert(found[1]), text, flags=re.DOTALL)


def main(arguments: list[str]) -> int:
    """Build every lecture, or with `--check` say which is stale, or with `--html` write pages."""
    stale = 0
    for folder in lectures():
        if "--html" in arguments:
            path, text = PAGES / f"{folder.name}.html", page(executed(folder))
            PAGES.mkdir(parents=True, exist_ok=True)
        else:
            path, text = built_path(folder), nbformat.writes(lecture_notebook(folder)) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in arguments:
            stale += 1
            print(f"{path.relative_to(ROOT)} is not what its source builds: run `make notebooks`")
        else:
            write_atomically(path, text.encode())
            print(f"built {path.relative_to(ROOT)}")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
