"""Every demo in Chromium, in JupyterLab and in Voilà: each control is moved by keyboard, and the picture is that of the
same demo, moved alike, without a browser."""

import hashlib
import html
import os
import re

import ipywidgets as widgets
import pytest
from playwright.sync_api import expect

from dgm_course.demos import DEMOS
from dgm_course.demos.pages import PATHS, serving, write_notebooks

UNUSED = ("nbgrader.server_extensions.formgrader", "jupyter_lsp", "notebook")  # slow to start
SHOWN = """async wanted => {
  const image = document.querySelector('.dgm-demo img');
  if (!image || !image.naturalWidth) return false;
  try {
    const bytes = await (await fetch(image.src)).arrayBuffer();
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(hash, byte => byte.toString(16).padStart(2, '0')).join('') === wanted;
  } catch { return false; }
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The address of a page of a Jupyter server with nothing of this machine's own settings."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("demos")
    write_notebooks(folder)
    settings = {f"JUPYTER_{kind}_DIR": str(home / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    settings |= {"IPYTHONDIR": str(home / "ipython"), "HOME": str(home)}
    expose, less = "--LabApp.expose_app_in_browser=True", dict.fromkeys(UNUSED, False)
    options = ("--allow-root", expose, f"--ServerApp.jpserver_extensions={less}")
    with serving(folder, *options, env=os.environ | settings) as address:
        yield address


@pytest.fixture
def page(browser):
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        yield page


def opened(page, view, address):
    """The demo on a page, and what the page says is wrong from then on."""
    page.goto(address)
    if view == "lab":
        page.locator(".jp-Notebook .jp-Cell").wait_for()
        page.evaluate(
            """async () => {
              await jupyterapp.restored;
              await jupyterapp.shell.currentWidget.sessionContext.ready;
              jupyterapp.commands.execute('notebook:run-all-cells');
            }"""
        )
    demo = page.locator(".dgm-demo")
    demo.locator("img").wait_for()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    return demo, wrong


def press(demo, control, mirror):
    """Move one control by keyboard, on the page and in the mirror."""
    label = control.description
    row = demo.locator(".jupyter-widgets", has=demo.page.get_by_text(label, exact=True)).last
    match control:
        case widgets.IntSlider() | widgets.FloatSlider():
            key, change = (
                ("ArrowRight", control.step) if control.value < control.max else ("ArrowLeft", -control.step)
            )
            row.locator(".noUi-handle").press(key)
            control.value += change
        case widgets.Checkbox():
            demo.get_by_label(label).press("Space")
            control.value = not control.value
        case widgets.ToggleButtons():
            values = [value for _, value in control.options]
            control.index = (values.index(control.value) + 1) % len(values)
            demo.get_by_role("button", name=control.label, exact=True).press("Enter")
        case widgets.BoundedIntText():
            row.locator("input").press("ArrowUp")
            control.value += 1
        case _:
            raise TypeError(f"the test cannot move a {type(control).__name__}")
    shows(demo, mirror)


def shows(demo, mirror):
    """The page shows the mirror's picture, pixel for pixel, and says the same."""
    demo.page.wait_for_function(SHOWN, arg=hashlib.sha256(mirror.live.image.value).hexdigest())
    said = re.sub("<[^>]+>", "", mirror.says.value)
    expect(demo.get_by_role("status")).to_have_text(html.unescape(said))


@pytest.mark.parametrize("name", DEMOS)
@pytest.mark.parametrize("view", PATHS)
def test_every_control_shows_what_the_maths_says(page, served, view, name):
    demo, wrong = opened(page, view, served(view, name))
    mirror = DEMOS[name]()
    shows(demo, mirror)
    first = mirror.live.image.value
    pictures = [first]
    for control in [*mirror.controls.values(), mirror.hide]:
        press(demo, control, mirror)
        pictures.append(mirror.live.image.value)
    assert len(set(pictures)) > len(pictures) / 2
    press(demo, mirror.hide, mirror)
    demo.get_by_role("button", name="Freeze").press("Enter")
    mirror.freeze()
    shows(demo, mirror)
    demo.get_by_role("button", name="Reset").press("Enter")
    mirror.reset()
    shows(demo, mirror)
    assert mirror.live.image.value == first
    if mirror.clock:
        runs(demo, mirror)
    assert wrong == []


def runs(demo, mirror):
    """Step is one tick, Play goes on by itself, and Play again stops at a moment that can be drawn back to."""
    time = mirror.controls[mirror.clock]
    demo.get_by_role("button", name="Step").press("Enter")
    mirror.step()
    shows(demo, mirror)
    play, began = demo.get_by_role("button", name="Play", exact=True), time.value
    play.press("Enter")
    handle = demo.locator(".jupyter-widgets", has=demo.page.get_by_text(time.description, exact=True)).last
    handle = handle.locator(".noUi-handle")
    expect(handle).not_to_have_attribute("aria-valuenow", re.compile(rf"^({began}|{began + 1})(\.0)?$"))
    play.press("Enter")
    expect(play).not_to_have_class(re.compile("mod-active"))
    time.value = round(float(handle.get_attribute("aria-valuenow")))
    shows(demo, mirror)
    assert time.value > began + 1
