"""Start from a photo: dropped on the page, or sent by hand to what is behind it."""

import base64
from typing import Any

import httpx
import pytest
from drawing import draw_product, photo_bytes
from gradio_client import Client
from playwright.sync_api import Browser, Page, expect
from running_app import App, open_page

pytestmark = pytest.mark.browser

PROMPT = "#eg-prompt input"
FIELD = "#eg-photo input[type=file]"
STRIP = "#eg-photo .eg-photo"
HOSTILE = {
    "empty": b"",
    "truncated": photo_bytes(draw_product("belts", "red"), "PNG")[:300],
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.broken=1"><script>window.broken=1</script></svg>',
    "html": b"<html><script>window.broken=1</script></html>",
    "text": b"red shoes",
}


def give(page: Page, category: str, colour: str) -> None:
    """Choose a drawing as the photo and wait until it has been read."""
    content = photo_bytes(draw_product(category, colour, size=(600, 800), seed=5), "PNG")
    page.set_input_files(FIELD, {"name": "photo.png", "mimeType": "image/png", "buffer": content})
    expect(page.locator(f"{STRIP}:not(.is-waiting)")).to_be_visible()


def test_from_a_photo_to_pictures(page: Page) -> None:
    give(page, "handbags", "blue")
    expect(page.locator(STRIP)).to_contain_text("From your photo: handbags, blue")
    expect(page.get_by_label("Category")).to_have_value("handbags")
    expect(page.get_by_label("Colour")).to_have_value("blue")
    expect(page.locator(".eg-attribute.is-of-photo")).to_have_count(2)

    page.fill(PROMPT, "in black")
    expect(page.get_by_label("Colour")).to_have_value("black")
    page.fill("#eg-options input[type=number] >> nth=0", "2")
    page.click("#eg-go")
    expect(page.locator("#eg-cards .eg-run:first-child .eg-card img")).to_have_count(2)
    page.locator("#eg-cards .eg-card").first.get_by_role("button", name="Details").last.click()
    for word in ("handbags", "black"):
        expect(page.get_by_role("dialog")).to_contain_text(word)
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Remove the photo").click()
    expect(page.get_by_label("Category")).to_have_value("")
    expect(page.get_by_label("Colour")).to_have_value("black")
    give(page, "handbags", "blue")  # the same one again
    expect(page.get_by_label("Category")).to_have_value("handbags")
    page.get_by_role("button", name="Running", exact=True).click()
    expect(page.locator(STRIP)).to_have_count(0)


def test_the_shape_of_a_photo_is_kept_while_its_colour_changes(page: Page) -> None:
    give(page, "handbags", "blue")
    again = page.get_by_alt_text("How the generator sees it")
    expect(again).to_be_visible()
    page.get_by_label("Use its shape").check()
    page.get_by_label("Colour").select_option("red")
    page.fill("#eg-options input[type=number] >> nth=0", "2")
    page.click("#eg-go")
    newest = page.locator("#eg-cards .eg-run").first
    expect(newest).to_contain_text("the shape of your photo")
    expect(newest.locator("img")).to_have_count(2)
    newest.locator(".eg-tile").first.click()
    for word in ("handbags", "red", "--origin photo --latent"):
        expect(page.get_by_role("dialog")).to_contain_text(word)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Running", exact=True).click()
    expect(newest).not_to_contain_text("the shape of your photo")


def test_a_photo_of_another_product_replaces_the_prompt(page: Page) -> None:
    page.fill(PROMPT, "black watch")
    expect(page.get_by_label("Category")).to_have_value("watches")
    give(page, "belts", "red")
    expect(page.locator(PROMPT)).to_have_value("")
    expect(page.locator(STRIP)).to_contain_text("replaced the prompt")
    expect(page.get_by_label("Category")).to_have_value("belts")
    expect(page.get_by_label("Colour")).to_have_value("red")


def test_a_product_that_the_checkpoint_does_not_make_is_told(page: Page) -> None:
    give(page, "t-shirts", "green")
    expect(page.locator(STRIP)).to_contain_text("cannot make t-shirts")
    expect(page.get_by_label("Colour")).to_have_value("green")
    page.get_by_role("button", name="中文").click()
    expect(page.locator(STRIP)).to_contain_text("此模型不会生成T恤")
    page.fill(PROMPT, "黑色皮带")
    expect(page.locator("#eg-attribute-category")).to_have_value("belts")
    give(page, "t-shirts", "blue")
    expect(page.locator(STRIP)).to_contain_text("仅参考照片的其他属性")
    expect(page.locator(PROMPT)).to_have_value("黑色皮带")


def test_a_photo_that_is_dropped_anywhere_is_read(page: Page) -> None:
    content = base64.b64encode(
        photo_bytes(draw_product("watches", "yellow", size=(300, 300), seed=5))
    ).decode()
    page.get_by_role("tab", name="Review").click()
    page.evaluate(
        """async (content) => {
            const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "photo.jpg", { type: "image/jpeg" }));
            const fire = (name) => document.body.dispatchEvent(
                new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true }));
            fire("dragover");
            window.dragging = document.body.classList.contains("eg-dragging");
            fire("drop");
        }""",
        content,
    )
    assert page.evaluate("window.dragging")
    expect(page.get_by_label("Category")).to_have_value("watches")
    expect(page.get_by_label("Colour")).to_have_value("yellow")
    assert not page.evaluate("document.body.classList.contains('eg-dragging')")


def test_a_file_that_is_no_photo_is_said_in_the_page(page: Page) -> None:
    for kind, content in HOSTILE.items():
        page.set_input_files(FIELD, {"name": f"photo.{kind}", "mimeType": "image/png", "buffer": content})
        expect(page.locator(STRIP)).to_contain_text("not a picture that can be read")
        page.get_by_role("button", name="Remove the photo").click()
        expect(page.locator(STRIP)).to_have_count(0)
    assert page.evaluate("window.broken") is None
    page.fill(PROMPT, "red belt")
    expect(page.get_by_label("Colour")).to_have_value("red")


def test_a_phone_shows_the_photo_in_the_dark(app: App, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    open_page(page, f"{app.url}?__theme=dark")
    for shown in (False, True):
        if shown:
            give(page, "handbags", "red")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def files_of(app: App) -> set[str]:
    """Every file below the app's home, where its folder of uploads is, too."""
    return {str(file) for file in app.home.rglob("*")}


def send(app: App, photo: Any) -> httpx.Response:
    """What the page sends with a photo, straight to the handler."""
    config = httpx.get(f"{app.url}config").json()
    handler = next(d for d in config["dependencies"] if any(target[1] == "read" for target in d["targets"]))
    body = {
        "fn_index": handler["id"],
        "data": ["", {}, "default", {}],
        "event_data": {"photo": photo, "turn": 3},
        "session_hash": "hostile",
    }
    return httpx.post(f"{app.url}gradio_api/run/predict", json=body, timeout=60)


@pytest.mark.parametrize("kind", [*HOSTILE, "no base64", "a number", "nothing"])
def test_what_is_sent_to_the_handler_by_hand_is_refused_and_not_kept(app: App, kind: str) -> None:
    before = files_of(app)
    odd = {"no base64": "<svg>", "a number": 7, "nothing": None}
    photo = odd[kind] if kind in odd else base64.b64encode(HOSTILE[kind]).decode()
    answer = send(app, photo)
    assert answer.status_code == 200
    value = answer.json()["data"][2]
    assert value["turn"] == 3
    assert value["problem"].startswith("The photo ")
    assert value["problem"].endswith(".")
    assert files_of(app) == before


def test_a_good_photo_is_not_kept_either(app: App) -> None:
    before = files_of(app)
    content = base64.b64encode(photo_bytes(draw_product("belts", "red", seed=5))).decode()
    assert send(app, content).json()["data"][2]["shown"]["category"] == "belts"
    assert files_of(app) == before


@pytest.mark.parametrize("stated", [True, False], ids=["stated", "in chunks"])
def test_a_request_that_is_too_large_is_refused(app: App, stated: bool) -> None:
    content = b'{"data": ["' + b"A" * (17 * 2**20) + b'"]}'
    body = content if stated else (content[i : i + 2**20] for i in range(0, len(content), 2**20))
    answer = httpx.post(
        f"{app.url}gradio_api/run/predict",
        content=body,
        headers={"Content-Type": "application/json"},
        timeout=60,
    )
    assert answer.status_code in (400, 413)
    assert httpx.get(f"{app.url}healthz").json()["status"] == "ok"


def test_programs_recognise_photos_too(app: App) -> None:
    client = Client(app.url, verbose=False)
    content = base64.b64encode(photo_bytes(draw_product("watches", "blue", seed=5))).decode()
    seen = client.predict(content, api_name="/recognise")
    assert (seen["category"]["value"], seen["colour"]["value"]) == ("watches", "blue")
    with pytest.raises(Exception, match="The photo cannot be used"):
        client.predict(base64.b64encode(b"no photo").decode(), api_name="/recognise")
