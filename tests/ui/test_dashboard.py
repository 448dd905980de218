"""The dashboard as a shopkeeper meets it; its pictures are made up, so no checkpoint is needed."""

import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from running_app import App

from ecomgen.data.store import Filter
from ecomgen.services.records import Picture
from ecomgen.services.review import Review
from ecomgen.settings import Settings

pytestmark = pytest.mark.browser

NAUGHTY = '<img src=x onerror="window.broken=1">${window.broken=1}'
HEAD = "date,attribute,value,share\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory, checkpoints) -> Iterator[App]:
    running = App(tmp_path_factory.mktemp("home"), checkpoints)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def review(shop: App) -> Iterator[Review]:
    shop.forget()
    desk = Review(Settings(home=shop.home))
    image = Image.new("RGB", (32, 32))
    looks = [("belts", "red"), ("belts", "blue"), ("watches", "red"), (NAUGHTY, NAUGHTY)]
    made = [
        Picture(
            uuid.uuid4().hex, image, NAUGHTY, {"category": category, "colour": colour}, i, 0.8, NAUGHTY, "h"
        )
        for i, (category, colour) in enumerate(looks)
    ]
    first, second, third, naughty = (kept.id for kept in desk.record(made))
    desk.vote(first, True, visitor="a", reviewer=NAUGHTY)
    desk.vote(first, True, visitor="b")
    desk.vote(second, False, ["wrong colour"], visitor="a")
    desk.vote(third, False, ["wrong colour", "other"], NAUGHTY, visitor="a")
    desk.vote(third, True, visitor="b")
    desk.vote(naughty, True, visitor="a")
    yield desk
    desk.close()


def enter(browser: Browser, url: str, **options) -> tuple[Page, list[str]]:
    page = browser.new_context(
        **{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"} | options
    ).new_page()
    page.set_default_timeout(30_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    tab = "document.querySelectorAll('#eg-tabs button[role=tab]')[2]"
    page.wait_for_function(f"{tab}?.ariaSelected === 'true' || void {tab}?.click()", polling=100)
    expect(page.locator("#eg-insight .eg-votes")).to_be_visible(timeout=20_000)
    return page, faults


def upload(page: Page, path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    page.locator("#eg-insight input[type=file]").set_input_files(path)


def test_votes_are_told_and_a_table_is_compared(
    shop: App, browser: Browser, review: Review, tmp_path
) -> None:
    page, faults = enter(browser, shop.url)
    board = page.locator("#eg-insight")
    assert "4 liked, 2 disliked" in (board.get_by_role("img").get_attribute("aria-label") or "")
    expect(board).to_contain_text("4 liked, 2 disliked")
    expect(board).to_contain_text("75 % of 4 judged pictures are liked")
    expect(board.get_by_role("listitem").filter(has_text="belts")).to_contain_text("50 % (9 % – 91 %), n 2")
    expect(board.get_by_role("listitem").filter(has_text="Wrong colour")).to_contain_text("2")
    expect(board).to_contain_text("Two reviewers agree on 50 % of the pictures that both judged")
    expect(board).to_contain_text("Counted on 2 pictures")
    expect(board.get_by_text(NAUGHTY).first).to_be_visible()

    upload(
        page,
        tmp_path / "good.csv",
        f"{HEAD}2026-10-01,颜色,黑色,18 %\n2026-10-01,colour,red,20 %\n2026-10-01,colour,{NAUGHTY[:36]},3\n",
    )
    expect(board).to_contain_text("2 rows were taken.")
    expect(board).to_contain_text("Line 4: “<img src=x")
    expect(board).to_contain_text("you make 50 %")
    upload(page, tmp_path / "bad.csv", "a,b\n1,2\n")
    expect(board.get_by_text("The trend table needs the columns")).to_be_visible()
    expect(board).to_contain_text("you make 50 %")  # the last good one stays
    with page.expect_download() as download:
        board.get_by_role("link", name="Download an example").click()
    page.locator("#eg-insight input[type=file]").set_input_files(download.value.path())
    expect(board).to_contain_text("9 rows were taken.")

    (kept,) = [p for p in review.page(Filter()).pictures if p.attributes["colour"] == "blue"]
    review.vote(kept.id, True, visitor="a")
    board.get_by_role("button", name="7 days").click()
    expect(board).to_contain_text("100 % of 4 judged pictures are liked")
    assert page.evaluate("window.broken") is None
    assert page.locator("#eg-insight img").count() == 0
    assert faults == []


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_phone_shows_all_of_it(shop: App, review: Review, browser: Browser, tmp_path, locale: str) -> None:
    page, faults = enter(browser, shop.url, viewport={"width": 390, "height": 844}, locale=locale)
    upload(page, tmp_path / "good.csv", HEAD + "2026-10-01,colour,red,18 %\n")
    expect(page.locator(".eg-drifts")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    right = "[...document.querySelectorAll('#eg-insight :is(button, p, li, span, a)')].map(e => e.getBoundingClientRect().right)"
    assert max(page.evaluate(right)) <= 390
    heading = "Votes over time" if locale == "en-GB" else "评价趋势"
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert faults == []


def test_what_is_sent_by_others_is_refused(shop: App, review: Review) -> None:
    def status(path: str, body: object = None, kind: str = "application/json") -> int:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{shop.url}insight/{path}", data, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            assert json.load(error)["error"].count(".") >= 1
            return error.code

    assert status("summary?days=30") == 200
    for days in ("0", "-1", "x", "99999", "１"):
        assert status(f"summary?days={urllib.parse.quote(days)}") == 400
    assert status("trend", {"table": "YSxi"}) == 400
    assert status("trend", {"table": 7}) == 400
    assert status("trend", {"table": "ZGF0ZSxhdHRyaWJ1dGUsdmFsdWUsc2hhcmUK" * 60_000}) == 400
    good = {"table": "ZGF0ZSxhdHRyaWJ1dGUsdmFsdWUsc2hhcmUKMjAyNi0xMC0wMSxjb2xvdXIscmVkLDEK"}
    assert status("trend", good, "text/plain") == 400  # what a form of another site can send
    assert status("trend", good) == 200
