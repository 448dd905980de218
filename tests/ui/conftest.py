"""Fixtures of the page's tests: a running app, a real Chromium, a visitor."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from running_app import App, open_page
from tiny import tiny_checkpoint

from ecomgen.models.checkpoint import save_checkpoint
from ecomgen.settings import bundled

expect.set_options(timeout=30_000)  # a machine that runs other tests as well
CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory, seeing: Path) -> Path:
    """The bundled generator (one with random weights where there is none yet) and text encoder, and a recogniser of drawings."""
    own = bundled("checkpoints")
    folder = tmp_path_factory.mktemp("checkpoints")
    (folder / "text").symlink_to(own / "text")
    (folder / "vision").symlink_to(seeing / "vision")
    if (own / "default" / "config.json").is_file():
        (folder / "default").symlink_to(own / "default")
    else:
        save_checkpoint(folder / "default", tiny_checkpoint("default"))
    return folder


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory, checkpoints: Path) -> Iterator[App]:
    app = App(tmp_path_factory.mktemp("home"), checkpoints)
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
