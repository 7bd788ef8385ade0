"""`dgm`: the student's command line.

Exit status: 0 when all is well, 1 when a visible check does not pass, 2 when a command cannot do its work; it then
says in one line what is wrong and what to do.
"""

import io
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from dgm_course.homework.course import Homework, Task

app = typer.Typer(
    help="Deep generative models: work on the homeworks, check them and hand them in.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="The data sets of the course.", no_args_is_help=True)
app.add_typer(data_app, name="data")

ZOO_COLUMNS = ("paper", "likelihood", "one sample", "test", "published")
HomeworkName = Annotated[str, typer.Argument(metavar="HOMEWORK", help="Which homework, such as hw1.")]
NotebookPath = Annotated[
    Path | None,
    typer.Option("--notebook", help="The notebook file. By default hw1.ipynb is looked for here."),
]


def fail(message: str) -> NoReturn:
    """End the command: one line on standard error, status 2."""
    typer.echo(f"dgm: {message}", err=True)
    raise typer.Exit(2)


@app.command(epilog="Examples:  dgm lab  ·  dgm lab homeworks/hw1_autoregressive")
def lab(folder: Annotated[Path, typer.Argument(help="Where to start.")] = Path()) -> None:
    """Open JupyterLab."""
    if not folder.is_dir():
        fail(f"there is no folder {folder}")
    if find_spec("jupyterlab") is None:
        fail('JupyterLab is not installed: pip install "dgm_course[lab]"')
    from dgm_course import jupyter

    raise typer.Exit(subprocess.call(jupyter.command(folder), env=jupyter.environment()))


@app.command(epilog="Examples:  dgm check hw1  ·  dgm check hw1 --task 5  ·  dgm check hw1 --task made")
def check(
    name: HomeworkName,
    task: Annotated[str | None, typer.Option(help="One task only, by number or name.")] = None,
    notebook: NotebookPath = None,
) -> None:
    """Run the saved notebook in a fresh kernel, and its visible checks."""
    from dgm_course.homework.fresh import run_fresh
    from dgm_course.homework.handin import HandinError, read_notebook
    from dgm_course.homework.render import report_text

    work = _homework(name)
    tasks = work.tasks if task is None else (_task(work, task),)
    try:
        opened = read_notebook(notebook or _find_notebook(work), work)
    except HandinError as error:
        fail(str(error))
    with _progress() as on_cell:
        run = run_fresh(opened, work, tasks, on_cell=on_cell)
    for report in run.reports:
        typer.echo(report_text(report))
    for wanted in tasks:
        if wanted not in [report.task for report in run.reports]:
            typer.echo(
                f"Task {wanted.number} · {wanted.title} · no answer: its cell is missing, or its checks did not end"
            )
    for fault in run.faults:
        typer.echo(f"! {fault}")
    if len(run.reports) < len(tasks) or not all(report.all_passed for report in run.reports):
        raise typer.Exit(1)


@app.command(epilog="Examples:  dgm submit hw1  ·  dgm submit hw1 --notebook work/hw1.ipynb --out handins")
def submit(
    name: HomeworkName,
    notebook: NotebookPath = None,
    out: Annotated[Path, typer.Option(help="The folder for the packed file.")] = Path(),
    student: Annotated[
        str | None, typer.Option("--name", help="Your name; by default the login name.")
    ] = None,
) -> None:
    """Look the notebook over, run it once, and pack it into one file to upload."""
    from dgm_course.homework.handin import HandinError, pack
    from dgm_course.homework.render import scoreboard_text

    work = _homework(name)
    try:
        path = notebook or _find_notebook(work)
        with _progress() as on_cell:
            handin = pack(path, work, out, name=student, on_cell=on_cell)
    except HandinError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.strerror}: {error.filename}; nothing was packed")
    typer.echo(scoreboard_text(work, handin.run.reports))
    for fault in handin.run.faults:
        typer.echo(f"! {fault}")
    typer.echo(f"Packed {handin.path}. Upload this file.")


@app.command(epilog="Examples:  dgm zoo  ·  dgm zoo MADE")
def zoo(
    name: Annotated[str | None, typer.Argument(help="One system; without a name all are listed.")] = None,
) -> None:
    """Every system of the course: what it can do, what it reached here, and what was published.

    Of one system also its data, its lecture and its demo.
    """
    from dgm_course.zoo import rows

    systems = {row["system"].lower(): row for row in rows()}
    if name is not None:
        if name.lower() not in systems:
            known = ", ".join(row["system"] for row in systems.values())
            fail(f"there is no system {name}; there are {known}")
        for column, value in systems[name.lower()].items():
            typer.echo(f"{column:<15} {value}")
        return
    table = Table("system", *ZOO_COLUMNS, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for shown, width in zip(table.columns, (13, 16), strict=False):
        shown.width = width  # the longest word of a name and an arXiv number: never cut
    for row in systems.values():
        table.add_row(row["system"], *(row[column] for column in ZOO_COLUMNS))
    Console().print(table)


@app.command(epilog="Examples:  dgm demo  ·  dgm demo made_masks  ·  dgm demo made_masks --lab")
def demo(
    name: Annotated[str | None, typer.Argument(help="Which demo; without a name all are listed.")] = None,
    lab: Annotated[bool, typer.Option("--lab", help="In JupyterLab, with its code.")] = False,
) -> None:
    """Open a live demo as a page without code, for the projector; no network is needed."""
    try:
        from dgm_course.demos import DEMOS
    except ModuleNotFoundError as error:
        fail(str(error))
    if name is None:
        for known, each in DEMOS.items():
            typer.echo(f"{known:<18} {each.title}")
        return
    if name not in DEMOS:
        fail(f"there is no demo {name}; there are {', '.join(DEMOS)}")
    if find_spec("jupyterlab") is None or find_spec("voila") is None:
        fail('JupyterLab or Voilà is not installed: pip install "dgm_course[lab]"')
    from dgm_course.demos.pages import serving, write_notebooks

    with TemporaryDirectory() as folder:
        write_notebooks(Path(folder))
        with serving(Path(folder)) as address:
            page = address("lab" if lab else "voila", name)
            typer.echo(f"{page}\nEnter ends the demo.")
            webbrowser.open(page)
            sys.stdin.readline()


@data_app.command("list")
def data_list() -> None:
    """Name every data set, what it holds, and whether it needs a download."""
    from dgm_course.data import CATALOGUE

    for row in CATALOGUE:
        typer.echo(f"{row.name:<18} {row.about}{' (download)' if row.download else ''}")


@data_app.command("fetch", epilog="Examples:  dgm data fetch digits  ·  dgm data fetch mnist-70k")
def data_fetch(name: Annotated[str, typer.Argument(help="A name that `dgm data list` shows.")]) -> None:
    """Load a data set once, so that it is there when the network is not."""
    from dgm_course.data import DownloadError, entry

    try:
        typer.echo(f"{name}: {entry(name).load()!r}")
    except KeyError as error:
        fail(error.args[0])
    except DownloadError as error:
        fail(str(error))


def check_python(version: tuple[int, int]) -> None:
    """End with one line where Python is older than the course's code."""
    if version < (3, 11):
        sys.exit(f"dgm: Python 3.11 or newer is needed, this is {version[0]}.{version[1]}")


def main() -> None:
    check_python(sys.version_info[:2])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no ✓ shows a question mark
    app()


def _homework(name: str) -> "Homework":
    from dgm_course.homework.course import homework

    try:
        return homework(name)
    except KeyError as error:
        fail(error.args[0])


def _task(work: "Homework", key: str) -> "Task":
    try:
        return work.task(key)
    except KeyError as error:
        fail(error.args[0])


def _find_notebook(work: "Homework") -> Path:
    """The notebook of a homework where one usually works: here, in its folder, or below `homeworks/`."""
    file = f"{work.id}.ipynb"
    places = [Path(file), Path(work.folder, file), Path("homeworks", work.folder, file)]
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        fail(f"there is no {file} here: change to its folder, or name it with --notebook PATH")
    return found


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error while a notebook runs."""
    columns = (
        TextColumn("fresh kernel"),
        BarColumn(),
        TextColumn("cell {task.completed}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("cells", total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
