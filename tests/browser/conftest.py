"""A real browser, and a page in it that notes whatever a script or a loaded file would do."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
FLUSH = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"


class Watched:
    """A page opened from a file; `seen` says what happened beyond showing it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seen: list[str] = []
        page.on("dialog", lambda dialog: (self.seen.append("dialog"), dialog.dismiss()))
        page.on("console", lambda message: self.seen.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.seen.append(f"error: {error}"))
        page.on("request", lambda request: self._note("request", request.url))
        page.on("requestfailed", lambda request: self._forget_blocked(request))
        page.on("framenavigated", lambda frame: self._note("navigation", frame.url))
        page.on("popup", lambda _: self.seen.append("popup"))

    def open(self, path: Path) -> "Watched":
        """Show a file as a reader would, everything unfolded, and let all that is waiting in it run."""
        self.address = path.as_uri()
        self.page.goto(self.address)
        for summary in self.page.locator("details > summary").all():
            summary.click()
        self.page.evaluate(FLUSH)
        if self.page.evaluate("() => window.stolen !== undefined"):
            self.seen.append("marker")
        return self

    def _note(self, what: str, url: str) -> None:
        if not url.startswith("data:") and url != self.address:
            self.seen.append(f"{what}: {url}")

    def _forget_blocked(self, request: Request) -> None:
        """A request that the page's own policy stopped did not leave the browser."""
        if request.failure == "csp":
            self.seen.remove(f"request: {request.url}")

    @property
    def kinds(self) -> set[str]:
        return {each.partition(":")[0] for each in self.seen}

    @property
    def text(self) -> str:
        return self.page.text_content("body") or ""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("These tests need Chromium. Run: sudo apt-get install chromium", pytrace=False)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=FLAGS) as started,
    ):
        yield started


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    with browser.new_context() as context:
        yield Watched(context.new_page())
