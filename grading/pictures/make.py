"""The README's pictures: in headless Chromium a checked task, a feedback page, the class table; and a lecture's figure.

`make demo` comes first: its class folder is what the pages show. Run by `make pictures`.
"""

import contextlib
import io
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import torch
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from torch import Generator

from dgm_course.homework.course import homework
from dgm_course.models.autoregressive.pixelcnn import PixelCNN
from dgm_course.plots import receptive_field
from dgm_course.testing import dependencies, randomize
from grading.demo import COURSE
from grading.pipeline.course.keys import course_key
from grading.pipeline.grades.gradebook import read_ledger
from grading.pipeline.marking.results import read_results
from grading.pipeline.material.bank import hand_in, misconceptions
from grading.pipeline.material.notebooks import reference_cells
from grading.pipeline.pages.tables import class_table

HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RUN_ALL = "window.jupyterapp.commands.execute('notebook:run-all-cells')"


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        notebook_picture(browser, HERE / "notebook.png")
        feedback_picture(browser, HERE / "feedback.png")
        class_picture(browser, HERE / "class_table.png")
        browser.close()
    blind_spot_picture(HERE / "blind_spot.png")


def blind_spot_picture(target: Path) -> None:
    """What a deep PixelCNN of 3×3 kernels reads of the pixels before its own, found by asking a random one."""
    model = PixelCNN((1, 7, 7), channels=8, num_blocks=6, first_kernel=3)
    randomize(model, Generator().manual_seed(0), scale=0.5)
    images = torch.randint(2, (16, 1, 7, 7), generator=Generator().manual_seed(1))
    row, column = 4, 3
    pixel = 7 * row + column
    reads = dependencies(lambda x: model.logits(x.reshape(-1, 1, 7, 7)).flatten(1, 3), images, 2)[pixel]
    before = torch.arange(49) < pixel
    figure = receptive_field(
        reads.view(7, 7),
        (row, column),
        allowed=before.view(7, 7),
        title="PixelCNN: three earlier pixels that no depth reaches",
    )
    figure.savefig(target, dpi=100)


def notebook_picture(browser: Browser, target: Path) -> None:
    """Task 1 solved and task 5 with a misconception, checked in JupyterLab; the view stops at task 5's check."""
    work = homework("hw1")
    wrong = next(each for each in misconceptions(work) if each.name == "hidden_strict")
    solved = {"histogram": reference_cells(work)["histogram"], "made": wrong.source}
    notebook = hand_in(work, solved, solved=False)
    ids = [cell.id for cell in notebook.cells]
    keep = {"given-imports", "made", "check-made", "text-05-1"}
    notebook.cells = [cell for cell in notebook.cells[: ids.index("check-made") + 1] if cell.id in keep]
    with jupyterlab(nbformat.writes(notebook)) as url:
        page = browser.new_page(viewport={"width": 1100, "height": 1060})
        page.goto(url)
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
        page.evaluate(RUN_ALL)
        page.wait_for_selector("text=/expected/i", timeout=60_000)
        page.get_by_role("button", name="No", exact=True).click()  # to news of Jupyter
        page.wait_for_selector(".Toastify__toast", state="detached")
        page.locator(".jp-NotebookPanel-notebook .jp-OutputArea-output").last.scroll_into_view_if_needed()
        page.screenshot(path=target)


def feedback_picture(browser: Browser, target: Path) -> None:
    """The feedback of the sample class's member with a misconception in every task."""
    page = browser.new_page(viewport={"width": 1000, "height": 1060})
    page.goto((COURSE / "feedback" / "student-08" / "hw1" / "hw1.html").resolve().as_uri())
    page.screenshot(path=target)


def class_picture(browser: Browser, target: Path) -> None:
    """The table that `make demo` prints."""
    console = Console(record=True, width=130, file=io.StringIO())
    class_table(
        read_results(COURSE, "hw1", course_key(COURSE)), console, read_ledger(COURSE, homework("hw1"))
    )
    page = browser.new_page(viewport={"width": 1400, "height": 700})
    page.set_content(console.export_svg(title="make demo"))
    page.locator("svg").first.screenshot(path=target)


@contextlib.contextmanager
def jupyterlab(notebook: str) -> Iterator[str]:
    """A JupyterLab of its own on this machine, with one notebook; gives the address that opens it."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        (Path(folder) / "hw1.ipynb").write_text(notebook)
        probe.bind(("127.0.0.1", 0))
        port, token = probe.getsockname()[1], secrets.token_hex(8)
        probe.close()
        kinds = ("CONFIG", "DATA", "RUNTIME")
        dirs = {f"JUPYTER_{kind}_DIR": f"{folder}/.jupyter-{kind.lower()}" for kind in kinds}
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
                *(f"--port={port}", f"--IdentityProvider.token={token}", f"--notebook-dir={folder}"),
                "--LabApp.expose_app_in_browser=True",
                "--LabApp.news_url=None",
            ],
            env=os.environ | dirs | {"IPYTHONDIR": f"{folder}/.ipython"},
            stderr=subprocess.DEVNULL,
        )
        try:
            await_server(f"http://127.0.0.1:{port}/api?token={token}")
            yield f"http://127.0.0.1:{port}/lab/tree/hw1.ipynb?token={token}"
        finally:
            server.terminate()
            server.wait()


def await_server(url: str) -> None:
    """Return when the server answers; it has 20 seconds to start."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=1).close()
            return
        time.sleep(0.2)
    raise RuntimeError("JupyterLab did not start: run `.venv/bin/jupyter lab` to see why")


if __name__ == "__main__":
    main()
