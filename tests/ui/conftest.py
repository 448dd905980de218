"""A real app in a process of its own, and a real Chromium."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]


class App:
    """`python app.py` with a home folder of its own; `start` and `stop` as often as wanted."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.log = home / "app.log"

    def start(self) -> float:
        """Start it and wait until the page answers; returns the seconds that took."""
        settings = {"ECOMGEN_HOME": str(self.home), "ECOMGEN_PORT": str(self.port), "OMP_NUM_THREADS": "1"}
        begin = time.monotonic()
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=os.environ | settings, stdout=log, stderr=log
            )
        while self.process.poll() is None and time.monotonic() - begin < 60:
            try:
                with urllib.request.urlopen(self.url, timeout=30):
                    return time.monotonic() - begin
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"The app did not start:\n{self.log.read_text()}")

    def stop(self) -> None:
        """Stop it, as Ctrl-C does."""
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    app = App(tmp_path_factory.mktemp("home"))
    app.start()
    yield app
    app.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is not there; `apt-get install chromium` brings it."
        if os.environ.get("ECOMGEN_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(app: App, browser: Browser) -> Iterator[Page]:
    """A new visitor, who has opened the page; the test fails when a script of the page did."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(30_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    open_page(page, app.url)
    yield page
    context.close()
    assert faults == []


def open_page(page: Page, url: str) -> None:
    """Go there and wait until the page can be used and the checkpoint is loaded."""
    page.goto(url)
    page.locator(".eg-attribute").first.wait_for()
    page.wait_for_function("!document.querySelector('#eg-loading .eg-notice')")
