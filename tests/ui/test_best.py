"""“Show the best” and “follow the market” as a visitor meets them, before and after there is anything to follow."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from drawing import draw_product
from playwright.sync_api import Browser, expect
from running_app import App, open_page

from ecomgen.data.store import Filter
from ecomgen.services.records import Picture
from ecomgen.services.review import Review
from ecomgen.services.trends import Trends
from ecomgen.settings import Settings

pytestmark = pytest.mark.browser


@pytest.fixture
def own(tmp_path: Path, checkpoints: Path) -> Iterator[App]:
    """An app with nothing in its gallery."""
    app = App(tmp_path, checkpoints)
    app.start()
    yield app
    app.stop()


def test_the_best_are_shown_once_there_are_thumbs(own: App, browser: Browser) -> None:
    page = browser.new_context(locale="en-GB").new_page()
    page.set_default_timeout(30_000)
    open_page(page, own.url)
    newest, notice = page.locator("#eg-cards .eg-run:first-child"), page.locator("#eg-notice")
    page.fill("#eg-options input[type=number] >> nth=0", "2")
    page.get_by_label("Show the best").check()
    page.fill("#eg-prompt input", "red watch")
    page.press("#eg-prompt input", "Enter")
    expect(notice).to_contain_text("Nothing has been judged yet")
    expect(newest.locator("img")).to_have_count(2)  # they are made all the same
    expect(page.locator("#eg-go")).to_be_visible()

    review = Review(Settings(home=own.home))
    for number in range(40):
        image = draw_product("watches", "red" if number % 2 else "blue", size=(32, 32), seed=number)
        made = Picture(f"{number:032x}", image, "watch", {"category": "watches"}, number, 0.8, "default", "0")
        review.record([made])
        review.vote(made.id, bool(number % 2))
    page.press("#eg-prompt input", "Enter")
    expect(newest).to_contain_text("the best")
    expect(newest).to_contain_text("chosen from 8")
    expect(newest.locator("img")).to_have_count(2)
    expect(notice).not_to_contain_text("judged")
    expect(newest.get_by_role("button", name="Copy link")).to_have_count(0)  # a link would bring others
    page.reload()
    expect(newest).to_contain_text("the best")

    page.get_by_role("tab", name="Insight").click()
    expect(page.locator("#eg-insight")).to_contain_text("learnt from 40 judged pictures")
    review.vote(f"{0:032x}", None)
    page.get_by_role("button", name="Learn now").click()
    expect(page.locator("#eg-insight")).to_contain_text("learnt from 39 judged pictures")
    page.context.close()


def test_what_is_left_open_follows_the_market(own: App, browser: Browser) -> None:
    page = browser.new_context(locale="zh-CN").new_page()
    page.set_default_timeout(30_000)
    open_page(page, own.url)
    page.get_by_label("跟随市场").check()
    page.fill("#eg-prompt input", "手表")
    page.press("#eg-prompt input", "Enter")
    expect(page.locator("#eg-notice")).to_contain_text("还没有市场表格")

    table = "date,attribute,value,share\n2026-10-01,colour,black,0.5\n2026-10-01,颜色,蓝色,0.5\n"
    Trends(Settings(home=own.home)).upload(table.encode())
    page.press("#eg-prompt input", "Enter")
    expect(page.locator("#eg-cards .eg-run:first-child img")).to_have_count(8)
    review = Review(Settings(home=own.home))
    assert {each.attributes["colour"] for each in review.page(Filter()).pictures} == {"black", "blue"}
    page.context.close()
