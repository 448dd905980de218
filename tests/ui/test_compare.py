"""The blind comparison as reviewers meet it, and as strangers send to it; two tiny checkpoints draw for it."""

import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from running_app import App
from starlette.testclient import TestClient
from tiny import tiny_checkpoint

from ecomgen.data.store import Filter
from ecomgen.models.checkpoint import save_checkpoint
from ecomgen.services.records import Picture
from ecomgen.services.review import Review
from ecomgen.settings import Settings, bundled
from ecomgen.ui.compare_api import add_compare
from ecomgen.ui.context import Services

ME = "a" * 32
VIEW = ".eg-compare"
NAUGHTY = '<img src=x onerror="window.broken=1">${window.broken=1}'


def record(review: Review, model: str, prompt: str = "red belt", shade: int = 90) -> str:
    image = Image.new("RGB", (64, 64), (shade, 90, 90))
    attributes = {"category": "belts", "colour": "red"}
    made = Picture(uuid.uuid4().hex, image, prompt, attributes, 1, 0.8, model, "0123456789")
    return review.record([made])[0].id


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    shutil.copytree(bundled("checkpoints") / "text", folder / "text")
    save_checkpoint(folder / "default", tiny_checkpoint("default"))
    save_checkpoint(folder / "other", tiny_checkpoint("other", seed=1))
    return folder


@pytest.fixture(scope="module")
def app(tmp_path_factory, two) -> Iterator[App]:
    running = App(tmp_path_factory.mktemp("home"), two)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def review(app: App) -> Iterator[Review]:
    app.forget()
    desk = Review(Settings(home=app.home))
    yield desk
    desk.close()


@pytest.fixture
def page(app: App, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(30_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def open_compare(page: Page, url: str) -> None:
    page.goto(url)
    tab = "document.querySelectorAll('#eg-tabs button[role=tab]')[1]"
    page.wait_for_function(f"{tab}?.ariaSelected === 'true' || void {tab}?.click()", polling=100)
    page.get_by_role("button", name=re.compile("^(Compare|对比)$")).click()
    told = page.locator(f"{VIEW} figure, {VIEW} .eg-empty").first
    expect(told).to_be_visible(timeout=30_000)  # the app is still loading its networks


def answered(page: Page, path: str = "comparison"):
    return page.expect_response(lambda answer: answer.url.endswith(f"review/{path}") and answer.ok)


@pytest.mark.browser
def test_with_one_checkpoint_the_page_says_what_is_missing(
    two: Path, app: App, page: Page, tmp_path: Path
) -> None:
    shutil.move(two / "other", tmp_path / "other")  # all tests share the folder
    try:
        open_compare(page, app.url)
        page.locator(VIEW).get_by_text("Two checkpoints", exact=True).click()
        expect(page.locator(f"{VIEW} .eg-empty")).to_contain_text("There is only one checkpoint here")
    finally:
        shutil.move(tmp_path / "other", two / "other")


@pytest.mark.browser
def test_pictures_of_the_gallery_are_compared_by_key_and_undone(app: App, page: Page, review: Review) -> None:
    a, b = record(review, "m", shade=1), record(review, f"n{NAUGHTY}", shade=200)
    open_compare(page, app.url)
    view = page.locator(VIEW)
    expect(view.locator("figure")).to_have_count(2)
    expect(view.get_by_role("heading", name="red belt")).to_be_visible()
    shown = view.locator("figure img").evaluate_all(
        "all => all.map(i => i.src.split('/').pop().slice(0, 32))"
    )
    assert set(shown) == {a, b}
    assert "01234567" not in view.inner_html()  # blind: nothing of the view names a checkpoint
    with answered(page):
        page.keyboard.press("ArrowLeft")
    expect(view.locator(".is-left figcaption")).to_contain_text("01234567")
    expect(view.locator(".is-left figcaption")).to_contain_text("your choice")
    expect(view.locator(".eg-wins tbody tr")).to_have_count(2)
    expect(view.locator(".eg-empty")).to_contain_text(
        "No two pictures are left"
    )  # the next pair comes by itself
    with answered(page, "comparison/undo"):
        page.keyboard.press("z")
    expect(view.locator("figcaption")).to_have_count(0)
    expect(view.locator("figure")).to_have_count(2)
    expect(view.locator(".eg-wins")).to_contain_text("Nobody has compared")
    with answered(page):
        page.keyboard.press("ArrowDown")
    expect(view.locator(".eg-wins tbody tr").first).to_contain_text("50 %")
    page.keyboard.press("Escape")
    expect(view).to_have_count(0)

    open_compare(page, app.url)  # a reload forgets nothing, and deals nothing twice
    expect(page.locator(f"{VIEW} .eg-empty")).to_contain_text("No two pictures are left")
    expect(page.locator(f"{VIEW} .eg-wins tbody tr")).to_have_count(2)
    assert page.evaluate("window.broken") is None


@pytest.mark.browser
def test_two_chosen_pictures_are_compared(app: App, page: Page, review: Review) -> None:
    record(review, "m", "a watch")
    b, c = record(review, "m", NAUGHTY), record(review, "n", "red belt")
    open_compare(page, app.url)
    page.keyboard.press("Escape")
    page.locator("#eg-gallery .eg-pick").nth(0).click()
    page.locator("#eg-gallery .eg-pick").nth(1).click()
    page.get_by_role("toolbar").get_by_role("button", name="Compare the two").click()
    sources = page.locator(f"{VIEW} figure img")
    expect(sources).to_have_count(2)
    shown = sources.evaluate_all("all => all.map(i => i.src.split('/').pop().slice(0, 32))")
    assert set(shown) == {b, c}
    assert set(page.locator(".eg-compare-asked").all_inner_texts()) == {NAUGHTY, "red belt"}
    assert page.evaluate("window.broken") is None


@pytest.mark.browser
def test_two_checkpoints_draw_for_a_blind_judge(app: App, page: Page, review: Review) -> None:
    open_compare(page, app.url)
    view = page.locator(VIEW)
    expect(view.locator(".eg-empty")).to_contain_text("No two pictures")
    view.get_by_role("button", name="Two checkpoints").click()
    expect(view.locator(".eg-empty")).to_contain_text("Write what both checkpoints", timeout=30_000)
    view.get_by_label("What both draw").fill("red belt")
    view.get_by_role("button", name="Draw").click()
    expect(view.locator("figure")).to_have_count(2, timeout=30_000)
    assert not re.search(r"default [0-9a-f]{8}|other [0-9a-f]{8}", view.inner_text())
    first = view.locator(".is-left img").get_attribute("src")
    with answered(page):
        view.get_by_role("button", name="Right is better").last.click()
    names = [view.locator(f".is-{side} figcaption").inner_text() for side in ("left", "right")]
    assert sorted(name.split()[0] for name in names) == ["default", "other"]
    view.get_by_role("button", name="Next pair").click()
    expect(view.locator(f"img[src='{first}']")).to_have_count(0)
    expect(view.locator("figure")).to_have_count(2)
    winner = re.match(r"\S+ \S+", names[1])[0]
    expect(view.locator(".eg-wins tbody th").first).to_have_text(winner)
    made = review.page(Filter()).pictures
    assert {p.model for p in made} == {"default", "other"}
    assert len({p.seed for p in made}) >= len(made) // 2


@pytest.mark.browser
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_phone_shows_both_pictures_and_the_answers(
    app: App, browser: Browser, review: Review, locale: str
) -> None:
    record(review, "m", "红" * 300)
    record(review, "n", "红" * 300)
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale=locale, is_mobile=True)
    page = context.new_page()
    open_compare(page, app.url)
    expect(page.locator(f"{VIEW} figure")).to_have_count(2)
    assert page.evaluate(f"document.querySelector('{VIEW}').scrollWidth") <= 390
    tops = page.locator(f"{VIEW} figure").evaluate_all("all => all.map(f => f.getBoundingClientRect().top)")
    assert tops[0] < tops[1]
    ends = page.locator(".eg-compare-verdicts button").evaluate_all(
        "all => all.map(b => { const a = b.getBoundingClientRect(); return [a.right, a.bottom]; })"
    )
    assert len(ends) == 3
    assert max(right for right, _ in ends) <= 390
    assert max(bottom for _, bottom in ends) <= 844
    context.close()


@pytest.fixture
def services(tmp_path, two) -> Iterator[Services]:
    built = Services.build(Settings(home=tmp_path / "home", checkpoints=two))
    yield built
    built.review.close()


@pytest.fixture
def client(services: Services) -> TestClient:
    server = FastAPI()
    add_compare(server, services)
    return TestClient(server, headers={"accept-language": "en"})


HOSTILE = [
    ("pair", {"visitor": {}}),
    ("pair", {"pictures": {"a": 1}}),
    ("pair", {"pictures": ["x", "y"]}),
    ("pair", {"pictures": ["0" * 32] * 2}),
    ("pair", {"pictures": "ab" * 600}),
    ("duel", {}),
    ("duel", {"first": "default", "second": "default", "prompt": "red belt"}),
    ("duel", {"first": "default", "second": "../default", "prompt": "red belt"}),
    ("duel", {"first": ["default"], "second": {}, "prompt": "red belt"}),
    ("duel", {"first": "default", "second": "other", "prompt": ["red belt"]}),
    ("duel", {"first": "default", "second": "other", "prompt": "x" * 5000}),
    ("duel", {"first": "default", "second": "other", "prompt": "red belt", "visitor": 7}),
    ("comparison", {}),
    ("comparison", {"id": "1" * 32, "left": "a", "right": "b", "winner": "left"}),
    ("comparison", {"id": "1" * 32, "left": "0" * 32, "right": "1" * 32, "winner": "left"}),
    ("comparison", {"id": "1" * 32, "left": {}, "right": [], "winner": ["left"]}),
    ("comparison/undo", {}),
    ("comparison/undo", {"id": "0" * 32, "visitor": ME}),
    ("comparison/undo", {"id": [], "visitor": {}}),
]


@pytest.mark.parametrize(("path", "body"), HOSTILE, ids=repr)
def test_a_hostile_request_is_refused_in_one_sentence(client, services, path, body) -> None:
    answer = client.post(f"/review/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
    assert client.get("/review/winrates").json() == {"rates": []}
    assert services.review.counts()["all"] == 0


def test_hostile_answers_on_real_pictures_change_nothing(client, services) -> None:
    a, b = record(services.review, "m"), record(services.review, "n")
    good = {"id": "1" * 32, "left": a, "right": b, "winner": "left", "visitor": ME}
    wrong = [
        {"id": "x"},
        {"left": b},
        {"winner": "both"},
        {"visitor": 1},
        {"visitor": "v" * 65},
        {"reviewer": "n" * 61},
    ]
    for change in wrong:
        assert client.post("/review/comparison", json=good | change).status_code == 400
    form = client.post("/review/comparison", content=str(good), headers={"content-type": "text/plain"})
    assert form.status_code == 400
    assert client.get("/review/winrates").json() == {"rates": []}
    told = client.post("/review/comparison", json=good).json()
    assert told == {"left": "m 01234567", "right": "n 01234567"}
    refused = client.post(
        "/review/comparison/undo",
        json={"id": "1" * 32, "visitor": "b" * 32},
        headers={"accept-language": "zh"},
    )
    assert (refused.status_code, refused.json()["error"]) == (400, "只能撤销您自己的对比。")
    assert [one["model"] for one in client.get("/review/winrates").json()["rates"]] == [
        told["left"],
        told["right"],
    ]
    assert ME not in client.get("/review/winrates").text


def test_one_checkpoint_alone_is_listed_alone(tmp_path, two) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "text").symlink_to(two / "text")
    (folder / "default").symlink_to(two / "default")
    settings = Settings(home=tmp_path / "home", checkpoints=folder)
    services = Services.build(settings)
    server = FastAPI()
    add_compare(server, services)
    listed = TestClient(server).get("/review/checkpoints").json()
    assert listed == {"checkpoints": [{"name": "default", "title": "Tiny"}]}
