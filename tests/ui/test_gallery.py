"""The gallery as reviewers meet it; its pictures are made up, so no checkpoint is needed."""

import json
import uuid
import zipfile
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from running_app import App

from ecomgen.data.store import Filter
from ecomgen.services.records import Picture
from ecomgen.services.review import Review
from ecomgen.settings import Settings

pytestmark = pytest.mark.browser

NAUGHTY = [
    '<img src=x onerror="window.broken=1">',
    "<script>window.broken=1</script>",
    "${window.broken=1} `${window.broken=1}` {{constructor.constructor('window.broken=1')()}}",
    "\"><svg/onload=window.broken=1> ' onmouseover=window.broken=1 x='",
    "javascript:window.broken=1 </textarea><iframe srcdoc='<script>parent.broken=1</script>'>",
    "\u202eright to left\u202c \ufeff 田中さんにあげて Ω≈ç√ 👩‍👩‍👧 Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙",
]
ITEM = "#eg-gallery .eg-item"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory, checkpoints) -> Iterator[App]:
    running = App(tmp_path_factory.mktemp("home"), checkpoints)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def review(gallery: App) -> Iterator[Review]:
    gallery.forget()
    desk = Review(Settings(home=gallery.home))
    made = [
        Picture(
            uuid.uuid4().hex,
            Image.new("RGB", (64, 64), (4 * i, 90, 90)),
            f"{colour} belt",
            {"colour": colour},
            i,
            0.8,
            "m",
            "h",
        )
        for i, colour in enumerate(["red", "blue"] * 30)
    ]
    desk.record(made)
    yield desk
    desk.close()


@pytest.fixture
def page(gallery: App, review: Review, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(30_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    enter(page, gallery.url)
    yield page
    context.close()
    assert faults == []


def enter(page: Page, url: str) -> None:
    page.goto(url)
    open_review(page)
    expect(page.locator(ITEM).first).to_be_visible(timeout=20_000)


def open_review(page: Page) -> None:
    """Click the tab until it opens: it may be on the page before it can be clicked."""
    tab = "document.querySelectorAll('#eg-tabs button[role=tab]')[1]"
    page.wait_for_function(f"{tab}?.ariaSelected === 'true' || void {tab}?.click()", polling=100)


def saved(page: Page, path: str):
    return page.expect_response(lambda answer: answer.url.endswith(f"review/{path}") and answer.ok)


def test_find_select_judge_and_undo(page: Page, review: Review, tmp_path) -> None:
    expect(page.locator(ITEM)).to_have_count(60)  # the second page comes by itself, the end being near
    page.get_by_role("searchbox").fill("BLUE")
    expect(page.locator(ITEM)).to_have_count(30)
    page.get_by_role("button", name="Filters").click()
    page.locator("#eg-gallery").get_by_label("colour").select_option("red")
    expect(page.get_by_text("No picture fits these filters.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").first.click()
    expect(page.locator(ITEM)).to_have_count(60)

    page.locator(f"{ITEM} .eg-pick").nth(0).click()
    page.locator(f"{ITEM} .eg-pick").nth(3).click(modifiers=["Shift"])
    bar = page.get_by_role("toolbar")
    expect(bar).to_contain_text("4 selected")
    with saved(page, "votes"):
        bar.get_by_role("button", name="Like", exact=True).click()
    assert review.counts()["liked"] == 4
    bar.get_by_role("button", name="Tag").click()
    page.get_by_placeholder("Write a tag").fill("hero")
    with saved(page, "marks"):
        page.keyboard.press("Enter")
    expect(page.locator(".eg-toast")).to_contain_text("Tagged: 4")
    assert len(review.page(Filter(tag="hero")).pictures) == 4
    with page.expect_download() as download:
        bar.get_by_role("button", name="Download zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len(archive.namelist()) == 5

    with saved(page, "marks"):
        bar.get_by_role("button", name="Delete").click()
    assert review.counts()["all"] == 56
    expect(page.locator(f"{ITEM}.is-away")).to_have_count(4)
    with saved(page, "marks"):
        page.locator(".eg-toast").get_by_role("button", name="Undo").click()
    assert review.counts()["all"] == 60
    expect(page.get_by_role("button", name="Liked 4", exact=False)).to_be_visible()


def test_the_large_view_by_keyboard(page: Page, review: Review) -> None:
    page.get_by_label("Your name").fill("Ann")
    page.get_by_label("Your name").press("Enter")
    page.locator(f"{ITEM} .eg-shot").first.click()
    view = page.get_by_role("dialog")
    expect(view).to_contain_text("1 of 60")
    page.keyboard.press("ArrowRight")
    expect(view).to_contain_text("2 of 60")
    first, second = review.page(Filter(), limit=2).pictures
    for key in ("d", "1", "3"):
        with saved(page, "votes"):
            page.keyboard.press(key)
    judged = review.picture(second.id)
    assert (judged.liked, judged.reasons, judged.reviewer) == (
        False,
        ("wrong category", "blurry or broken"),
        "Ann",
    )
    page.get_by_label("Comment").fill("The l is not a key here: d 1 s z")
    with saved(page, "votes"):
        page.get_by_role("button", name="Save comment").click()
    assert review.picture(second.id).comment == "The l is not a key here: d 1 s z"
    assert review.picture(second.id).reasons == judged.reasons
    view.press("ArrowLeft")
    expect(view).to_contain_text("1 of 60")
    with saved(page, "votes"):
        page.keyboard.press("l")
    with saved(page, "marks"):
        page.keyboard.press("s")
    (chosen,) = review.shortlists()
    assert [p.id for p in review.page(Filter(shortlist=chosen.id)).pictures] == [first.id]
    with saved(page, "marks"):
        page.keyboard.press("z")
    with saved(page, "undo"):
        page.keyboard.press("z")
    assert review.picture(first.id).liked is None
    assert review.page(Filter(shortlist=chosen.id)).pictures == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_unrated_pictures_are_dealt_one_by_one(page: Page, review: Review) -> None:
    unrated = [picture.id for picture in review.each(Filter())]
    review.vote_all({uuid.uuid4().hex: id for id in unrated[3:]}, True)
    page.get_by_role("button", name="Rate one by one").click()
    view = page.get_by_role("dialog")
    expect(view).to_contain_text("3 left to rate")
    for key in ("l", "2"):
        with saved(page, "votes"):
            page.keyboard.press(key)
    expect(view).to_contain_text("1 left to rate")
    with saved(page, "undo"):
        page.keyboard.press("z")
    expect(view).to_contain_text("2 left to rate")
    for key in ("d", "l"):
        with saved(page, "votes"):
            page.keyboard.press(key)
    expect(view).to_contain_text("Every picture here has been rated")
    assert [review.picture(id).liked for id in unrated[:3]] == [True, False, True]
    assert review.picture(unrated[1]).reasons == ()
    view.get_by_role("button", name="Back to the gallery").click()
    expect(page.get_by_role("button", name="Rate one by one")).to_be_disabled()


def test_a_shortlist_is_shared_by_a_link_and_marks_survive_a_restart(
    gallery: App, page: Page, review: Review
) -> None:
    spring = review.new_shortlist("Spring sale")
    kept = [picture.id for picture in review.page(Filter(), limit=3).pictures]
    review.mark("shortlist", kept, spring.id)
    gallery.stop()
    gallery.start()
    page.goto(f"{gallery.url}?shortlist={spring.id}")
    expect(page.get_by_role("heading", name="Spring sale")).to_be_visible()
    expect(page.locator(ITEM)).to_have_count(3)
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (t) => (window.copied = t)}})"
    )
    page.get_by_role("button", name="Copy its link").click()
    assert page.evaluate("window.copied").endswith(f"?shortlist={spring.id}")


def test_naughty_strings_never_run(page: Page, review: Review) -> None:
    image = Image.new("RGB", (64, 64))
    made = [
        Picture(uuid.uuid4().hex, image, text, {"colour": text}, 1, 0.8, text[:60], text) for text in NAUGHTY
    ]
    kept = review.record(made)
    for text, picture in zip(NAUGHTY, kept, strict=True):
        review.vote(picture.id, True, comment=text, reviewer=text[:60])
        review.mark("tag", [picture.id], text[:60])
        review.mark("shortlist", [picture.id], review.new_shortlist(text[:60]).id)
    page.reload()
    open_review(page)
    page.get_by_role("button", name="Filters").click()
    expect(page.locator(ITEM)).to_have_count(66)
    page.locator(f"{ITEM} .eg-shot").first.click()
    view = page.get_by_role("dialog")
    for text in NAUGHTY:
        expect(view.get_by_role("heading").first).to_have_text(text.strip())
        expect(view.locator(".eg-judgement p")).to_have_text(text.strip())
        expect(view.locator(".eg-tag.is-own")).to_contain_text(text[:20])
        view.get_by_text("More details").click() if text is NAUGHTY[0] else None
        page.keyboard.press("ArrowRight")
    view.get_by_label("Comment").fill(NAUGHTY[0])
    with saved(page, "votes"):
        view.get_by_role("button", name="Save comment").click()
    expect(view.locator(".eg-judgement p")).to_have_text(NAUGHTY[0])
    page.keyboard.press("Escape")
    page.locator("#eg-gallery").get_by_label("Shortlist").select_option(label=NAUGHTY[0])
    expect(page.get_by_role("heading", name=NAUGHTY[0])).to_be_visible()
    assert page.evaluate("window.broken") is None
    assert (
        page.evaluate(
            "document.querySelectorAll('#eg-gallery script, #eg-gallery iframe, .eg-viewer iframe').length"
        )
        == 0
    )


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_phone_shows_all_of_it(gallery: App, review: Review, browser: Browser, locale: str) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale=locale, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    enter(page, gallery.url)
    wide = "document.documentElement.scrollWidth"
    page.locator(".eg-filters-button").click()
    page.locator(".eg-pick").first.click()
    assert page.evaluate(wide) <= 390
    ends = "[...document.querySelectorAll('.eg-gallery-top > *, .eg-filters > *, .eg-selection > *')].map(e => e.getBoundingClientRect().right)"
    assert max(page.evaluate(ends)) <= 390  # what juts out may be cut off instead of widening the page
    page.locator(".eg-selection .eg-icon-button").last.click()
    page.locator(".eg-shot").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.querySelector('.eg-viewer').scrollWidth") <= 390
    unnamed = "[...document.querySelectorAll('#eg-gallery button, .eg-viewer button, .eg-viewer a')].filter(b => !(b.innerText || b.ariaLabel || b.textContent).trim())"
    assert json.dumps(page.evaluate(f"{unnamed}.map(b => b.outerHTML)")) == "[]"
    context.close()
