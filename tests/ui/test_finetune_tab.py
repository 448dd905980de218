"""The Fine-tune tab as a shopkeeper meets it: from photos to a checkpoint in Create; and what others may send to it."""

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from drawing import draw_product, photo_bytes, write_files
from playwright.sync_api import Browser, Locator, Page, expect
from running_app import App
from tiny import brief_training

from ecomgen.models.checkpoint import load_checkpoint
from ecomgen.services.records import Picture
from ecomgen.services.review import Review
from ecomgen.settings import Settings, bundled
from ecomgen.training.generator import train_generator

pytestmark = pytest.mark.browser

NAUGHTY = '<img src=x onerror="window.broken=1">${window.broken=1}'
TAB = "document.querySelectorAll('#eg-tabs button[role=tab]')[3]"
SOON = 120_000


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty products on dark backgrounds, half of them of a category that no schema lists, and a file that is no photo."""
    files, lines = {"images/broken.png": b"nothing"}, ["file_name,category,colour"]
    for i in range(40):
        shape, word = (("caps", "teapots"), ("watches", "watches"))[i % 2]
        colour = ("red", "blue", "green")[i // 2 % 3]
        image = draw_product(shape, colour, (32, 32), 500 + i, background=(60, 40, 90))
        files[f"images/{i:03}.png"] = photo_bytes(image, "PNG")
        lines.append(f"images/{i:03}.png,{word},{colour}")
    files["metadata.csv"] = "\n".join(lines).encode()
    return write_files(tmp_path_factory.mktemp("products") / "set.zip", files)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, seeing: Path, product_zip: Path) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "text").symlink_to(bundled("checkpoints") / "text")
    (folder / "vision").symlink_to(seeing / "vision")
    assert train_generator(brief_training(16 * 100), product_zip, folder / "default")
    running = App(tmp_path_factory.mktemp("home"), folder)
    rates = {"autoencoder": 0.001, "mapping": 0.0001, "adversarial": 0.002, "drawing": 0.001}
    known = {load_checkpoint(folder / "default").hash: rates}  # or the page would measure for a while
    (running.home / "rates.json").write_text(json.dumps(known))
    running.start()
    yield running
    running.stop()


def enter(browser: Browser, url: str, **options) -> tuple[Page, Locator, list[str]]:
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"} | options)
    page = context.new_page()
    page.set_default_timeout(60_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(url)
    return page, opened(page), faults


def opened(page: Page) -> Locator:
    page.wait_for_function(f"{TAB}?.ariaSelected === 'true' || void {TAB}?.click()", polling=100)
    return page.locator("#eg-finetune")


def upload(tab: Locator, *files: Path) -> None:
    expect(tab.locator(".eg-drop")).to_be_visible(timeout=SOON)
    tab.locator(".eg-step input[type=file]").first.set_input_files(files)


def press(tab: Locator, name: str) -> None:
    tab.get_by_role("button", name=name, exact=True).first.click()


def test_photos_become_a_checkpoint_in_create(shop: App, browser: Browser, products: Path, tmp_path) -> None:
    page, tab, faults = enter(browser, shop.url)
    upload(tab, products)
    expect(tab.locator(".eg-lead-number")).to_have_text("40 photos", timeout=SOON)
    expect(tab.locator(".eg-counts")).to_contain_text("teapots 20")
    expect(tab.get_by_text("Files that cannot be used: 1")).to_be_visible()
    tab.get_by_text("Look through them").click()
    rows = tab.locator(".eg-table li")
    rows.nth(0).get_by_label("category").fill(NAUGHTY[:30])
    rows.nth(0).get_by_label("category").press("Tab")
    press(tab, "Download metadata.csv")
    expect(tab.get_by_role("alert")).to_contain_text("is not usable as a category")
    rows.nth(0).get_by_label("category").fill("teapots")
    rows.nth(0).get_by_label("category").press("Tab")
    rows.nth(1).get_by_role("button", name="Leave out").click()
    expect(tab.locator(".eg-lead-number")).to_have_text("39 of 40 photos will be used")
    with page.expect_download() as download:
        press(tab, "Download metadata.csv")
    table = download.value.path().read_text(encoding="utf-8-sig")
    assert "<img" not in table
    assert len(table.splitlines()) == 40  # with its first line
    press(tab, "Continue")

    expect(tab.locator("#eg-ft-name")).to_have_value("my-products")
    tab.locator("#eg-ft-minutes").fill("0.1")
    tab.get_by_text("The same from the command line").click()
    expect(tab.locator("code")).to_contain_text("--out my-products --method full --minutes 0.1")
    press(tab, "Start")
    expect(tab.locator(".eg-state")).to_contain_text("learning", timeout=SOON)

    page.reload()
    tab = opened(page)
    expect(tab.locator(".eg-state.is-done")).to_be_visible(timeout=2 * SOON)
    expect(tab.locator(".eg-samples")).to_be_visible()
    tab.locator(".eg-row").get_by_role("button", name="Compare and keep").click()
    expect(tab.locator(".eg-strip").first).to_be_visible(timeout=SOON)
    expect(tab.get_by_text("photos that it did not learn from")).to_be_visible()
    expect(tab.get_by_role("heading", name="What it forgot")).to_be_visible()
    expect(tab.locator(".eg-pairs li").first).to_be_visible()
    press(tab, "Publish")
    expect(tab.get_by_text("can now be chosen in Create")).to_be_visible()
    expect(tab.locator(".eg-own li")).to_have_count(1)

    with page.expect_download() as download:
        tab.locator(".eg-own").get_by_text("Download").click()
    packed = tmp_path / "brought.zip"
    download.value.save_as(packed)
    tab.locator(".eg-mine input[type=file]").set_input_files(packed)
    expect(tab.locator(".eg-own li")).to_have_count(2, timeout=SOON)
    tab.locator(".eg-own li").filter(has_text="brought").get_by_role("button", name="Delete").click()
    expect(tab.locator(".eg-own li")).to_have_count(1)

    tab.get_by_role("link", name="Open it in Create").click()
    page.wait_for_function(
        "document.querySelector('#eg-model input')?.value?.includes('my-products')", timeout=SOON
    )
    assert page.evaluate("window.broken") is None
    assert faults == []


def test_a_set_of_loose_photos_waits_is_stopped_and_discarded(shop: App, browser: Browser, tmp_path) -> None:
    paths = []
    for i in range(24):
        paths.append(tmp_path / f"{i}.png")
        paths[-1].write_bytes(photo_bytes(draw_product("belts", "red", (32, 32), i), "PNG"))
    page, tab, faults = enter(browser, shop.url, viewport={"width": 390, "height": 844}, locale="zh-CN")
    upload(tab, *paths)
    expect(tab.locator(".eg-lead-number")).to_have_text("24 张照片", timeout=SOON)
    press(tab, "继续")
    tab.locator("#eg-ft-name").fill("belts")
    tab.locator("#eg-ft-minutes").fill("30")
    press(tab, "开始")
    expect(tab.locator(".eg-state").first).to_contain_text("学习中", timeout=SOON)
    press(tab, "停止并保留")
    expect(tab.locator(".eg-state").first).to_have_text("已停止", timeout=SOON)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    press(tab, "丢弃")
    expect(tab.locator(".eg-jobs b", has_text="belts")).to_have_count(0)
    assert faults == []


def test_liked_pictures_alone_survive_a_stop_and_a_restart_of_the_app(shop: App, browser: Browser) -> None:
    desk = Review(Settings(home=shop.home))
    made = [
        Picture(
            id=uuid.uuid4().hex, image=draw_product("belts", "red", (32, 32), i), prompt="red belts",
            attributes={"category": "belts"}, seed=i, psi=0.8, model="default", model_hash="abc",
        )
        for i in range(26)
    ]  # fmt: skip
    kept = desk.record(made)
    desk.vote_all({uuid.uuid4().hex: each.id for each in kept}, True)
    few = desk.new_shortlist(NAUGHTY[:60])
    desk.mark("shortlist", [each.id for each in kept[:3]], few.id)
    desk.close()

    page, tab, faults = enter(browser, shop.url)
    expect(tab.locator(".eg-drop, .eg-state").first).to_be_visible(timeout=SOON)
    tab.locator(".eg-step-head").nth(1).click()
    expect(tab.locator(".eg-liked")).to_contain_text("All liked pictures26 pictures")
    tab.locator("#eg-ft-name").fill("liked")
    tab.locator("#eg-ft-minutes").fill("0.3")
    expect(tab.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    tab.locator(".eg-liked input").nth(1).check()
    expect(tab.get_by_text("At least 24 photos and pictures are needed")).to_be_visible()
    tab.locator(".eg-liked input").nth(0).check()
    expect(tab.get_by_text("varied by up to 30 %")).to_be_visible(timeout=SOON)
    tab.get_by_text("The same from the command line").click()
    expect(tab.locator("code")).to_contain_text(f"finetune --liked {few.id} --liked all --base default")
    runs = json.load(urllib.request.urlopen(f"{shop.url}finetune/jobs"))["jobs"]
    press(tab, "Start")

    run = tab.locator(".eg-jobs li").filter(has_text="liked")
    expect(run).to_contain_text("learning", timeout=SOON)
    press(tab, "Stop and keep")
    expect(run).to_contain_text("stopped", timeout=SOON)
    press(tab, "Go on")
    expect(run).to_contain_text("learning", timeout=SOON)
    shop.stop()
    expect(tab.get_by_text("The server could not be reached")).to_be_visible()
    shop.start()
    expect(tab.locator(".eg-jobs li")).to_have_count(len(runs) + 1)
    expect(run).to_contain_text("done", timeout=2 * SOON)  # the same page, and the job was found again
    expect(tab.get_by_text("The server could not be reached")).to_be_hidden()

    tab.locator(".eg-row").get_by_role("button", name="Compare and keep").click()
    expect(tab.get_by_text("generated pictures that people liked, and from no photo")).to_be_visible()
    expect(tab.get_by_role("heading", name="What it forgot")).to_be_visible()
    expect(tab.locator(".eg-pairs img").first).to_have_js_property("complete", True)
    assert tab.locator(".eg-pairs img").first.evaluate("image => image.naturalWidth") > 0
    press(tab, "Publish")
    mine = tab.locator(".eg-own li")
    expect(mine.filter(has_text="liked")).to_have_count(1)
    mine.filter(has_text="liked").get_by_role("button", name="Rename").click()
    tab.get_by_label("New name").fill("../liked")
    press(tab, "Save")
    expect(tab.get_by_text("The name of a checkpoint is letters")).to_be_visible()
    tab.get_by_label("New name").fill("renamed")
    press(tab, "Save")
    expect(mine.filter(has_text="renamed")).to_have_count(1)
    expect(mine.filter(has_text="liked")).to_have_count(0)
    mine.filter(has_text="renamed").get_by_role("button", name="Card").click()
    expect(page.get_by_role("dialog")).to_contain_text("generated pictures that people liked")
    page.keyboard.press("Escape")
    card = (shop.home / "checkpoints" / "renamed" / "README.md").read_text()
    assert "generated pictures that people liked" in card
    assert "Forgotten: " in card
    assert not list((shop.home / "checkpoints" / "renamed").glob("pairs*"))  # nobody else's to see
    assert page.evaluate("window.broken") is None
    assert faults == []


def test_what_others_send_is_refused_in_one_sentence(shop: App) -> None:
    def asked(path: str, body: object = None, kind: str = "application/json") -> tuple[int, dict]:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{shop.url}finetune/{path}", data, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def refused(path: str, body: object = None, kind: str = "application/json") -> None:
        status, told = asked(path, body, kind)
        assert 400 <= status < 500, (path, status, told)
        sentence = told.get("error") or told.get("detail")
        assert "Traceback" not in sentence
        assert str(shop.home) not in sentence

    zero = "0" * 32
    for bad in ({}, {"kind": "zip"}, {"kind": ["zip"], "names": ["a"], "sizes": [1]}):
        refused("uploads", bad)
    for names, sizes in ((["a"], [-1]), (["a"], [2**40]), (["a"], [True]), ([1], [1]), (["a", "b"], [1, 1])):
        refused("uploads", {"kind": "zip", "names": names, "sizes": sizes})
    refused("uploads", {"kind": "zip", "names": ["a"], "sizes": [9]}, "text/plain")  # a form of another site

    name = "../../../../escaped.zip"
    status, begun = asked("uploads", {"kind": "zip", "names": [name], "sizes": [9]})
    assert status == 200
    files = f"uploads/{begun['id']}/files"
    raw = "application/octet-stream"
    refused(f"{files}/0?offset=0", b"nonsense!", "text/plain")
    refused(f"{files}/0?offset=0", b"much more than was said", raw)
    refused(f"{files}/0?offset=5", b"1", raw)
    refused(f"{files}/1?offset=0", b"1", raw)
    refused(f"{files}/..%2f0?offset=0", b"1", raw)
    refused(f"{files}/0?offset=0", bytes(9 * 2**20), raw)  # body_limit.py refuses what is larger than 16 MB
    refused(f"uploads/{begun['id']}/set")  # not all of it is there
    assert asked(f"{files}/0?offset=0", b"nonsense!", raw)[0] == 200
    looked_at = asked(f"uploads/{begun['id']}/set")
    while "underway" in looked_at[1]:
        time.sleep(0.1)
        looked_at = asked(f"uploads/{begun['id']}/set")
    assert looked_at[0] == 400, looked_at
    refused("own/import", {"upload": begun["id"], "name": "new"})
    refused("own/import", {"upload": begun["id"], "name": "../new"})
    for id in (zero, "x", "..%2f..", zero.upper() + "A"):
        refused(f"uploads/{id}")
        refused(f"uploads/{id}/photos/0")
        refused(f"jobs/{id}")
        refused(f"jobs/{id}/stop", {"sure": True})
        refused(f"jobs/{id}/pictures/..%2f..%2fjob.json")
        refused(f"jobs/{id}/zip")
    for minutes in (0, -1, "5", None, 1e9, True):
        wanted = {"upload": begun["id"], "prepared": "../..", "name": "a", "base": "default"}
        refused("jobs", {**wanted, "method": "full", "minutes": minutes})
        refused(
            "command",
            {"name": "a", "base": "default", "method": "full", "minutes": minutes, "liked": ["all"]},
        )
    for liked in ("all", ["no"], [zero], [1], [None], {"all": 1}, 7, ["all"] * 99, [["all"]], ["--resume"]):
        for path in ("command", "estimate", "jobs"):
            refused(path, {"name": "a", "base": "default", "method": "full", "minutes": 1, "liked": liked})
    for wish in ("rename", "delete", "import", "other"):
        refused(f"own/{wish}", {"name": "../default", "new": ["x"]})
    refused("own/..%2fdefault/zip")
    assert not list(shop.home.parent.rglob("escaped*"))
