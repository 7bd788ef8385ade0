"""Every demo in Chromium, in JupyterLab and in Voilà: each control is moved by keyboard, and the picture is that of the
same demo, moved alike, without a browser. All demos share one notebook: a page and a kernel a view. No page asks
anything of another host than its own."""

import html
import re
from urllib.parse import urlsplit

import ipywidgets as widgets
import pytest
from playwright.sync_api import expect

from dgm_course import jupyter
from dgm_course.demos import DEMOS
from dgm_course.demos.pages import PATHS, serving, source, write_notebook

# What a page may complain of: language servers, which `UNUSED` leaves out, and in Voilà extensions made for JupyterLab.
HARMLESS = re.compile("/lsp/status|[Ss]hared module|No provider for: @jupyterlab/")
UNUSED = ("nbgrader.server_extensions.formgrader", "jupyter_lsp", "notebook")  # slow to start
RUN = """async () => {
  await jupyterapp.restored;
  await jupyterapp.shell.currentWidget.sessionContext.ready;
  jupyterapp.commands.execute('notebook:run-all-cells').then(() => { window.ran = true; });
}"""
SHOWN = """([demo, wanted]) => {
  const image = demo.querySelector('img');
  return image?.src === wanted && image.complete && image.naturalWidth > 0;
}"""
# Counts the frames in which there is no picture to be seen.
WATCH = """demo => {
  window.blank = 0;
  window.watched = demo;
  const watch = () => {
    if (window.watched !== demo) return;
    const image = demo.querySelector('img');
    if (!image?.naturalWidth || !image.clientHeight) window.blank += 1;
    requestAnimationFrame(watch);
  };
  watch();
}"""
LOADED = """count => {
  const images = [...document.querySelectorAll('.dgm-demo img')];
  return images.length === count && images.every(image => image.naturalWidth > 0);
}"""
ERRORS = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The address of a page of a Jupyter server with nothing of this machine's own settings."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("demos")
    write_notebook(folder / "all.ipynb", *map(source, DEMOS.values()))
    expose, less = "--LabApp.expose_app_in_browser=True", dict.fromkeys(UNUSED, False)
    options = ("--allow-root", expose, f"--ServerApp.jpserver_extensions={less}")
    with serving(folder, *options, env=jupyter.alone(home)) as address:
        yield address


@pytest.fixture(scope="module", params=PATHS)
def page(request, browser, served):
    """The page of a view with all demos; `wrong` are its errors, `asked` what it asked for and where."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.wrong, page.asked = [], []

        def note(line):
            said = f"{line.text} {line.location['url']}"
            if line.type == "error" and not HARMLESS.search(said):
                page.wrong.append(said)

        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("console", note)
        page.on("request", lambda asked: page.asked.append(asked.url))
        page.on("websocket", lambda asked: page.asked.append(asked.url))
        page.goto(served(request.param, "all"))
        if request.param == "lab":
            page.locator(".jp-Notebook .jp-Cell").first.wait_for()
            page.evaluate(RUN)
            page.wait_for_function("() => window.ran")
        yield page


class Driven:
    """A demo on a page and its mirror, the same demo without a browser; whatever is done is done to both."""

    def __init__(self, page, name):
        self.page, self.mirror = page, DEMOS[name]()
        title = page.locator(".dgm-title").get_by_text(self.mirror.title, exact=True)
        self.demo = page.locator(".dgm-demo", has=title)
        self.demo.locator("img").wait_for()
        self.handle = self.demo.element_handle()

    def shows(self):
        """The page shows the mirror's picture, byte for byte, and says the same."""
        self.page.wait_for_function(SHOWN, arg=[self.handle, bytes(self.mirror.live.image.value).decode()])
        said = re.sub("<[^>]+>", "", self.mirror.says.value)
        expect(self.demo.get_by_role("status")).to_have_text(html.unescape(said))

    def click(self, label, act):
        self.demo.get_by_role("button", name=label, exact=True).press("Enter")
        act()
        self.shows()

    def row(self, control):
        label = self.page.get_by_text(control.description, exact=True)
        return self.demo.locator(".widget-inline-hbox, .widget-toggle-buttons", has=label)

    def move(self, control):
        """One key."""
        match control:
            case widgets.IntSlider() | widgets.FloatSlider():
                up = control.value < control.max
                self.row(control).locator(".noUi-handle").press("ArrowRight" if up else "ArrowLeft")
                control.value += control.step if up else -control.step
            case widgets.SelectionSlider():
                up = control.index < len(control.options) - 1
                self.row(control).locator(".noUi-handle").press("ArrowRight" if up else "ArrowLeft")
                control.index += 1 if up else -1
            case widgets.Checkbox():
                self.demo.get_by_label(control.description).press("Space")
                control.value = not control.value
            case widgets.ToggleButtons():
                control.index = (control.index + 1) % len(control.options)
                row = self.row(control)
                row.get_by_role("button", name=control.label, exact=True).press("Enter")
            case widgets.BoundedIntText():
                self.row(control).locator("input").press("ArrowUp")
                control.value += 1
            case _:
                raise TypeError(f"the test cannot move a {type(control).__name__}")
        self.shows()

    def play(self):
        """Play goes on by itself, slowly here, and Play again stops at a moment that can be drawn back to."""
        time = self.mirror.controls[self.mirror.clock]
        button = self.demo.get_by_role("button", name="Play", exact=True)
        handle, began = self.row(time).locator(".noUi-handle"), time.value
        self.demo.get_by_label("Slow motion").press("Space")  # or the end may come before the stop
        button.press("Enter")
        expect(handle).not_to_have_attribute(
            "aria-valuenow", re.compile(rf"^({began}|{began + 1})(\.0)?$"), timeout=120_000
        )
        button.press("Enter")
        expect(button).not_to_have_class(re.compile("mod-active"))
        time.value = round(float(handle.get_attribute("aria-valuenow")))
        self.shows()
        assert time.value > began + 1


@pytest.mark.parametrize("name", DEMOS)
def test_every_control_shows_what_the_maths_says(page, name):
    driven = Driven(page, name)
    mirror = driven.mirror
    driven.shows()
    page.evaluate(WATCH, driven.handle)
    first = mirror.live.image.value
    pictures = [first]
    for control in [*mirror.controls.values(), mirror.hide]:
        driven.move(control)
        pictures.append(mirror.live.image.value)
    assert len(set(pictures)) > len(pictures) / 2
    driven.move(mirror.hide)
    driven.click("Freeze", mirror.freeze)
    driven.click("Reset", mirror.reset)
    assert mirror.live.image.value == first
    if mirror.clock:
        driven.click("Step", mirror.step)
        driven.play()
    assert page.evaluate("() => window.blank") == 0
    assert page.wrong == []


def test_a_page_asks_its_own_server_only_and_shows_no_error(page):
    page.wait_for_function(LOADED, arg=len(DEMOS))
    assert len(page.asked) > 10
    assert {urlsplit(url).hostname for url in page.asked if not url.startswith(("blob:", "data:"))} == {
        "127.0.0.1"
    }
    assert page.locator(ERRORS).count() == 0
    assert page.wrong == []
