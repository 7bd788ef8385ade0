"""From a key on a slider to decoded pixels in JupyterLab, headless: every demo beside `interact` with a new figure.

Both stand in the same notebook, draw the same picture of the same numbers, and are moved in turn, so that what else
the machine does slows both. Bars: median at most 70 ms, 95th percentile at most 110 ms, at least twice as fast.
"""

import os
import shutil
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from playwright.sync_api import Page, sync_playwright

from dgm_course.demos import DEMOS
from dgm_course.demos.pages import serving

MOVES = 40
PEER = """
import copy, io
import ipywidgets as widgets
from IPython.display import Image, display
from matplotlib.figure import Figure
from dgm_course.demos import {demo}
from dgm_course.demos.demo import projected
from dgm_course.demos.live_figure import LiveFigure
from dgm_course.plots.style import styled

live = {demo}()
name, slider = next((n, c) for n, c in live.controls.items() if isinstance(c, (widgets.IntSlider, widgets.FloatSlider)))
others = {{n: c.value for n, c in live.controls.items() if n != name}}

@styled
@projected
def draw(value):
    figure = Figure(figsize=(14, 6), dpi=80)
    peer = copy.copy(live)
    peer.live = LiveFigure(figure)
    peer.build(figure)
    peer.show(**{{name: value}}, **others)
    for artist in peer.live.moving:
        artist.set_animated(False)
    file = io.BytesIO()
    figure.savefig(file)
    display(Image(file.getvalue()))

display(live)
widgets.interact(draw, value=type(slider)(slider.value, min=slider.min, max=slider.max, step=slider.step));
"""
# Time from the key until a changed picture is decoded, in whichever output it is.
WATCH = """() => {
  addEventListener('keydown', () => { window.began = performance.now(); window.took = null; }, true);
  new MutationObserver(changes => {
    for (const change of changes)
      for (const node of [change.target, ...change.addedNodes])
        if (node.nodeName === 'IMG' || node.querySelector?.('img')) {
          const image = node.nodeName === 'IMG' ? node : node.querySelector('img');
          if (image.src === image.seen) continue;
          image.seen = image.src;
          image.decode().then(() => { window.took ??= performance.now() - window.began; }).catch(() => {});
        }
  }).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
}"""
RUN = """async () => {
  await jupyterapp.restored;
  await jupyterapp.shell.currentWidget.sessionContext.ready;
  jupyterapp.commands.execute('notebook:run-all-cells');
}"""


def main() -> None:
    chromium = shutil.which("chromium")
    with TemporaryDirectory() as home, sync_playwright() as playwright:
        folder = Path(home, "notebooks")
        folder.mkdir()
        for name, demo in DEMOS.items():
            cell = nbformat.v4.new_code_cell(PEER.format(demo=demo.__name__), id="both")
            notebook = nbformat.v4.new_notebook(cells=[cell])
            notebook.metadata["kernelspec"] = {
                "name": "python3",
                "display_name": "Python 3",
                "language": "python",
            }
            nbformat.write(notebook, folder / f"{name}.ipynb")
        own = {f"JUPYTER_{kind}_DIR": str(Path(home, kind)) for kind in ("CONFIG", "DATA", "RUNTIME")}
        settings = os.environ | own | {"IPYTHONDIR": str(Path(home, "ipython")), "HOME": home}
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        with serving(folder, "--allow-root", "--LabApp.expose_app_in_browser=True", env=settings) as address:
            for name in DEMOS:
                page = browser.new_page(viewport={"width": 1280, "height": 2000})
                page.goto(address("lab", name))
                page.locator(".jp-Notebook .jp-Cell").wait_for()
                page.evaluate(RUN)
                report(name, page)
                page.close()


def report(name: str, page: Page) -> None:
    """Move both in turn and print what it took."""
    page.locator(".widget-interact img").wait_for(state="attached")
    page.evaluate(WATCH)
    took: dict[str, list[float]] = {".dgm-demo": [], ".widget-interact": []}
    for move in range(MOVES):
        for place, times in took.items():
            key = "ArrowLeft" if move % 2 else "ArrowRight"  # a clock begins at its lowest
            page.locator(f"{place} .noUi-handle").first.press(key)
            times.append(page.wait_for_function("() => window.took").json_value())
    live, peer = (times[4:] for times in took.values())
    ratio = statistics.median(b / a for a, b in zip(live, peer, strict=True))
    (median, late), (peer_median, peer_late) = (
        (statistics.median(times), statistics.quantiles(times, n=20)[-1]) for times in (live, peer)
    )
    print(
        f"{name}: median {median:.0f} ms, 95th percentile {late:.0f} ms; "
        f"interact {peer_median:.0f} and {peer_late:.0f} ms; {ratio:.1f} times as fast",
        flush=True,
    )


if __name__ == "__main__":
    main()
