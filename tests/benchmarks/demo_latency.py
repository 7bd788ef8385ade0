"""From a key on a slider to decoded pixels, headless: every demo beside `interact` with a new figure.

Each stands in a notebook of its own, once in JupyterLab and once in Voilà. A demo and its peer draw the same picture of
the same numbers and are moved in turn, so that what else the machine does slows both; each key comes a tenth of a
second after the picture before it. Opening is from the key that runs the cell to the picture, after the import.
`kernel` is the processor time of a frame seen for the first time, and `kB` its message.

    python tests/benchmarks/demo_latency.py              all demos
    python tests/benchmarks/demo_latency.py made_masks   some of them

Bars: median at most 70 ms, 95th percentile at most 110 ms, at least twice as fast as `interact`, opening at most 1 s.
"""

import itertools
import shutil
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import ipywidgets as widgets
from playwright.sync_api import Page, sync_playwright

from dgm_course import jupyter
from dgm_course.demos import DEMOS
from dgm_course.demos.pages import PATHS, View, serving, write_notebook

MOVES, WARM = 40, 4
SAME = 2000  # milliseconds after which a move has changed nothing in the picture
PAUSE = 100  # milliseconds between two keys: Play's ten frames a second
SETUP = """
import copy, io
import ipywidgets as widgets
from IPython.display import Image, display
from matplotlib.figure import Figure
from dgm_course.demos import DEMOS
from dgm_course.demos.demo import projected
from dgm_course.demos.live_figure import LiveFigure
from dgm_course.plots.style import styled

SLIDERS = (widgets.IntSlider, widgets.FloatSlider, widgets.SelectionSlider)
lives = {}

def open_live(name):
    live = lives[name] = DEMOS[name]()
    live.view.add_class(f"live-{name}")
    display(live)

def open_peer(name):
    live = lives[name]
    moved, slider = next((n, c) for n, c in live.controls.items() if isinstance(c, SLIDERS))
    others = {n: c.value for n, c in live.controls.items() if n != moved}

    @styled
    @projected
    def draw(value):
        figure = Figure(figsize=(14, 6), dpi=80)
        peer = copy.copy(live)
        peer.live = LiveFigure(figure)
        peer.build(figure)
        peer.show(**{moved: value}, **others)
        for artist in peer.live.moving:
            artist.set_animated(False)
        file = io.BytesIO()
        figure.savefig(file)
        display(Image(file.getvalue()))

    if isinstance(slider, widgets.SelectionSlider):
        own = widgets.SelectionSlider(options=slider.options, value=slider.value)
    else:
        own = type(slider)(slider.value, min=slider.min, max=slider.max, step=slider.step)
    peer = widgets.interactive(draw, value=own)
    peer.add_class(f"peer-{name}")
    display(peer)
"""
READY = """async () => {
  await jupyterapp.restored;
  await jupyterapp.shell.currentWidget.sessionContext.ready;
}"""
# Runs the next cell; the time until the picture that it shows is decoded, or null without one to wait for.
NEXT = """async place => {
  const began = performance.now();
  const ran = jupyterapp.commands.execute('notebook:run-cell-and-select-next');
  if (!place) return await ran, null;
  for (;;) {
    const image = document.querySelector(place + ' img');
    if (image?.naturalWidth) return await image.decode(), performance.now() - began;
    await new Promise(requestAnimationFrame);
  }
}"""
# A promise of the time from the next key until a changed picture is decoded, in whichever output it is. Asking whether
# it has come would keep a core busy that the picture needs.
WATCH = """() => {
  const next = () => { window.took = new Promise(done => { window.done = done; }); };
  next();
  window.ready = next;
  addEventListener('keydown', () => { window.began = performance.now(); }, true);
  new MutationObserver(changes => {
    for (const change of changes)
      for (const node of [change.target, ...change.addedNodes])
        if (node.nodeName === 'IMG' || node.querySelector?.('img')) {
          const image = node.nodeName === 'IMG' ? node : node.querySelector('img');
          if (image.src === image.seen) continue;
          image.seen = image.src;
          image.decode().then(() => window.done(performance.now() - window.began)).catch(() => {});
        }
  }).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
}"""
TOOK = f"() => Promise.race([took, new Promise(done => setTimeout(done, {SAME}, null))])"


def main(names: list[str]) -> None:
    chromium = shutil.which("chromium")
    with TemporaryDirectory() as home, sync_playwright() as playwright:
        folder = Path(home, "notebooks")
        folder.mkdir()
        for name in names:
            write_notebook(folder / f"{name}.ipynb", SETUP, f"open_live({name!r})", f"open_peer({name!r})")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        print(f"{'demo':<22}view   median  95 %   interact  ratio  opening  kernel    kB  over the bar")
        options, env = ("--allow-root", "--LabApp.expose_app_in_browser=True"), jupyter.alone(Path(home))
        with serving(folder, *options, env=env) as address:
            for name, view in itertools.product(names, PATHS):
                page = browser.new_page(viewport={"width": 1280, "height": 1200})
                page.goto(address(view, name), timeout=120_000)
                opening = opened(page, view, name)
                page.evaluate(WATCH)
                report(page, view, name, opening)
                if view == "lab":
                    page.evaluate("jupyterapp.serviceManager.sessions.shutdownAll()")
                page.close()


def opened(page: Page, view: View, name: str) -> float | None:
    """Show the demo and its peer; how long the demo took, where its cell can be run alone."""
    took = None
    if view == "lab":
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        page.evaluate(READY)
        page.evaluate(NEXT)
        took = page.evaluate(NEXT, f".live-{name}")
        page.evaluate(NEXT)
    page.locator(f".peer-{name} img").wait_for(state="attached", timeout=120_000)
    page.evaluate("() => { for (const image of document.images) image.seen = image.src; }")
    return took


def report(page: Page, view: View, name: str, opening: float | None) -> None:
    """Move a demo and its peer in turn, there and back, and print what it took."""
    took: dict[str, list[float | None]] = {f".live-{name}": [], f".peer-{name}": []}
    keys = dict.fromkeys(took, "ArrowRight")
    for place, times in itertools.islice(itertools.cycle(took.items()), 2 * MOVES):
        handle = page.locator(f"{place} .noUi-handle").first
        now, low, high = (
            float(handle.get_attribute(f"aria-value{end}") or 0) for end in ("now", "min", "max")
        )
        keys[place] = "ArrowLeft" if now >= high else "ArrowRight" if now <= low else keys[place]
        handle.focus()
        page.evaluate("ready()")
        page.keyboard.press(keys[place])
        times.append(page.evaluate(TOOK))
        page.wait_for_timeout(PAUSE)
    pairs = [pair for pair in list(zip(*took.values(), strict=True))[WARM:] if None not in pair]
    live, peer = zip(*pairs, strict=True)
    ratio = statistics.median(b / a for a, b in pairs)
    median, late = statistics.median(live), statistics.quantiles(live, n=20)[-1]
    bars = {"median": median > 70, "95 %": late > 110, "ratio": ratio < 2, "opening": (opening or 0) > 1000}
    over = ", ".join(bar for bar, broken in bars.items() if broken) or "–"
    opened_in = "–" if opening is None else f"{opening:.0f} ms"
    kernel, size = frame_cost(name)
    print(
        f"{name:<22}{view:<6}{median:4.0f} ms {late:4.0f} ms  {statistics.median(peer):5.0f} ms  {ratio:4.1f}×  "
        f"{opened_in:>7}  {kernel:3.0f} ms  {size:4.0f}  {over}",
        flush=True,
    )


def frame_cost(name: str) -> tuple[float, float]:
    """Milliseconds of processor time and kilobytes of a frame, without a browser."""
    demo = DEMOS[name]()
    slider = next(c for c in demo.controls.values() if isinstance(c, widgets.IntSlider | widgets.FloatSlider))
    costs = []
    for _ in range(12):
        began = time.process_time()
        slider.value = slider.min if slider.value == slider.max else slider.value + slider.step
        costs.append(1000 * (time.process_time() - began))
    return statistics.median(costs[4:]), len(demo.live.image.value) / 1000


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(DEMOS)
    if unknown:
        sys.exit(f"there is no demo {', '.join(unknown)}; there are {', '.join(DEMOS)}")
    main(sys.argv[1:] or list(DEMOS))
