"""The page as a visitor meets it."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from gradio_client import Client
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from running_app import App, open_page

pytestmark = pytest.mark.browser

PROMPT = "#eg-prompt input"
NEWEST = "#eg-cards .eg-run:first-child"
HOSTILE = 'red shoes <img src=x onerror="window.broken=1"> ${window.broken=1} \\x3cimg src=x onerror=window.broken=1\\x3e {{window}} `'


def generate(page: Page, prompt: str, count: int = 2) -> None:
    """Ask for pictures and wait for the last of them."""
    page.fill("#eg-options input[type=number] >> nth=0", str(count))
    page.fill(PROMPT, prompt)
    page.press(PROMPT, "Enter")
    expect(page.locator(f"{NEWEST} h3")).to_have_text(prompt)
    expect(page.locator(f"{NEWEST} .eg-card img")).to_have_count(count)
    expect(page.locator("#eg-go")).to_be_visible()


def attribute(page: Page, name: str) -> str:
    return page.locator(f"#eg-attribute-{name}").input_value()


def test_prompt_to_pictures_to_a_vote_that_survives_a_restart(app: App, page: Page) -> None:
    page.fill(PROMPT, "red running shoes")
    expect(page.get_by_label("Colour")).to_have_value("red")
    expect(page.get_by_label("Category")).to_have_value("sports shoes")

    page.get_by_label("Colour").select_option("blue")
    page.fill(PROMPT, "red running shoes for women")
    expect(page.get_by_label("Audience")).to_have_value("women")
    assert attribute(page, "colour") == "blue", "the edit wins over what is typed later"

    generate(page, "red running shoes for women", count=3)
    card = page.locator(f"{NEWEST} .eg-card").first
    size = "[...document.querySelectorAll('.eg-card img')].map(i => i.complete ? i.naturalWidth : 0)"
    page.wait_for_function(f"Math.min(...{size}) >= 16")
    card.get_by_role("button", name="Details").last.click()
    details = page.get_by_role("dialog")
    expect(details).to_contain_text("blue")
    expect(details).to_contain_text("ecomgen generate")
    page.keyboard.press("Escape")

    with page.expect_response(lambda r: "component_server" in r.url and r.ok):
        card.get_by_role("button", name="Like", exact=True).click()
    expect(card.get_by_role("button", name="Like", exact=True)).to_have_attribute("aria-pressed", "true")
    voted = card.locator("img").get_attribute("src")
    page.get_by_role("button", name="Reset to prompt").click()
    expect(page.get_by_label("Colour")).to_have_value("red")

    app.stop()
    app.start()
    open_page(page, app.url)
    expect(page.locator(f"{NEWEST} .eg-card")).to_have_count(3)  # the history
    page.get_by_role("tab", name="Review").click()
    page.get_by_role("button", name=re.compile("^Liked")).click()
    expect(page.locator("#eg-gallery .eg-item img")).to_have_count(1)
    shown = page.locator("#eg-gallery .eg-item img").get_attribute("src")
    assert Path(shown).stem == Path(voted).stem


def test_more_like_this_and_a_dislike_with_a_reason(page: Page) -> None:
    generate(page, "black watch")
    card = page.locator(f"{NEWEST} .eg-card").first
    card.get_by_role("button", name="Dislike").click()
    with page.expect_response(lambda r: "component_server" in r.url and r.ok):
        card.get_by_label("What is wrong?").select_option("wrong colour")
    card.get_by_role("button", name="More like this").click()
    card.get_by_role("button", name="Small changes").click()
    expect(page.locator("#eg-cards .eg-run")).to_have_count(2)
    expect(page.locator(NEWEST)).to_contain_text("small changes")
    expect(page.locator(f"{NEWEST} .eg-card img")).to_have_count(2)


def test_colours_a_mix_and_a_strip_from_cards_survive_a_reload(page: Page) -> None:
    def ask(run: int, change: str) -> None:
        card = page.locator("#eg-cards .eg-run").nth(run).locator(".eg-card").first
        card.get_by_role("button", name="More like this").click()
        card.get_by_role("button", name=change).click()

    def drawn(what: str, count: int) -> None:
        expect(page.locator(NEWEST)).to_contain_text(what)
        expect(page.locator(f"{NEWEST} .eg-card img")).to_have_count(count)
        expect(page.locator("#eg-go")).to_be_visible()

    generate(page, "red running shoes", count=1)
    generate(page, "blue handbag", count=1)
    ask(1, "Other colours")
    drawn("other colours", 8)
    ask(2, "Mix with")
    expect(page.get_by_text("Choose the picture whose colour")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".eg-choose")).to_have_count(0)
    ask(2, "Mix with")
    page.locator("#eg-cards .eg-run").nth(1).locator(".eg-tile").press("Enter")
    drawn("a mix of two", 1)
    ask(0, "In between")
    page.locator("#eg-cards .eg-run").nth(2).locator(".eg-tile").click()
    drawn("in between two", 8)
    page.reload()
    drawn("in between two", 8)
    page.locator(f"{NEWEST} .eg-tile").nth(3).click()
    expect(page.get_by_role("dialog")).to_contain_text("--latent")


def test_stop_leaves_nothing_pending(page: Page) -> None:
    page.evaluate(
        """new MutationObserver((_, observer) => {
            const stop = document.querySelector('#eg-stop');
            if (!stop || !stop.checkVisibility()) return;
            observer.disconnect();
            stop.click();
            window.stopped = true;
        }).observe(document.body, { subtree: true, childList: true, attributes: true })"""
    )
    page.fill("#eg-options input[type=number] >> nth=0", "16")
    page.fill(PROMPT, "red belt")
    page.press(PROMPT, "Enter")
    page.wait_for_function("window.stopped")
    expect(page.locator("#eg-go")).to_be_visible()
    expect(page.locator(".eg-card.is-pending")).to_have_count(0)
    generate(page, "blue belt")


def test_a_share_link_brings_back_prompt_edits_and_seed(app: App, page: Page) -> None:
    query = [("prompt", "red belt"), ("seed", 4711), ("count", 2), ("psi", 0.5), ("set", "colour=blue")]
    open_page(page, f"{app.url}?{urlencode(query)}")
    expect(page.locator(f"{NEWEST} .eg-card img")).to_have_count(2)
    expect(page.locator(PROMPT)).to_have_value("red belt")
    expect(page.locator("#eg-seed input")).to_have_value("4711")
    expect(page.get_by_label("Colour")).to_have_value("blue")

    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (t) => (window.copied = t)}})"
    )
    page.locator(NEWEST).get_by_role("button", name="Copy link").click()
    shared = parse_qs(urlsplit(page.evaluate("window.copied")).query)
    assert (shared["prompt"], shared["seed"], shared["psi"]) == (["red belt"], ["4711"], ["0.5"])
    assert "colour=blue" in shared["set"]


def test_chinese_by_the_browser_and_by_the_switch(app: App, browser: Browser) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    open_page(page, app.url)
    expect(page.locator("#eg-go")).to_have_text("生成")
    page.fill(PROMPT, "红色跑鞋")
    expect(page.get_by_label("颜色")).to_have_value("red")
    expect(page.get_by_label("颜色").locator("option:checked")).to_have_text("红色")
    page.get_by_role("button", name="English").click()
    expect(page.locator("#eg-go")).to_have_text("Generate")
    expect(page.get_by_role("tab", name="Review")).to_be_visible()
    expect(page.get_by_label("Colour")).to_have_value("red")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("tab", name="评审")).to_be_visible()
    expect(page.get_by_text("Review")).to_have_count(0)
    context.close()


def test_a_hostile_prompt_is_only_text(app: App, page: Page) -> None:
    generate(page, HOSTILE)
    page.locator(f"{NEWEST} .eg-tile").first.click()
    expect(page.get_by_role("dialog").get_by_role("heading").first).to_have_text(HOSTILE)
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Review").click()
    expect(page.locator("#eg-gallery .eg-item").first).to_be_visible()
    page.reload()
    expect(page.locator(f"{NEWEST} h3")).to_have_text(HOSTILE)
    assert page.evaluate("window.broken") is None


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("", "describe a product"),
        ("x" * 10_000, "longer than 500"),
        ("🙂🙂", "no words"),
        ("blue dress", "knows"),
        ("a c.0.c.a.i.n.e handbag", "policy on drugs"),
        ("Nike shoes", "other firms' brands"),
    ],
)
def test_what_cannot_be_made_is_said_in_the_page(page: Page, prompt: str, sentence: str) -> None:
    page.fill(PROMPT, prompt)
    page.press(PROMPT, "Enter")
    expect(page.locator("#eg-notice")).to_contain_text(sentence)
    expect(page.locator("#eg-cards .eg-card")).to_have_count(0)
    expect(page.locator("#eg-go")).to_be_visible()


def test_a_rule_of_the_house_says_what_it_changed_in_both_languages(page: Page) -> None:
    page.fill(PROMPT, "red heels for girls")
    expect(page.get_by_label("Category")).to_have_value("flats")
    note = page.locator("#eg-attributes .eg-rule-note")
    expect(note).to_have_text("Children get no formal shoes and no heels. heels → flats.")
    page.get_by_label("Category").select_option("formal shoes")
    expect(note).to_contain_text("formal shoes → casual shoes.")
    expect(page.get_by_label("Category")).to_have_value("casual shoes")
    page.get_by_role("button", name="中文").click()
    expect(note).to_have_text("儿童商品不含正装鞋和高跟鞋。正装鞋 → 休闲鞋。")
    page.fill(PROMPT, "大麻图案的手提包")
    page.press(PROMPT, "Enter")
    expect(page.locator("#eg-notice")).to_contain_text("店铺关于“毒品”的规定")
    expect(page.locator("#eg-cards .eg-card")).to_have_count(0)


def test_a_seed_that_is_none_is_said_in_the_page(page: Page) -> None:
    page.fill("#eg-seed input", str(2**63))
    page.fill(PROMPT, "red shoes")
    page.click("#eg-go")
    expect(page.locator("#eg-notice")).to_contain_text("The seed is a whole number")


def test_a_phone_shows_all_of_it(app: App, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    open_page(page, f"{app.url}?__theme=dark")
    page.fill(PROMPT, "a very long prompt about " + "red-running-shoes " + "very" * 60)
    page.press(PROMPT, "Enter")
    expect(page.locator(f"{NEWEST} .eg-card img")).to_have_count(8)
    for tab in ("Review", "Fine-tune", "Create"):
        page.get_by_role("tab", name=tab).click()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{tab} is {width} pixels wide"
    context.close()


def test_every_button_has_a_name(page: Page) -> None:
    generate(page, "red belt")
    unnamed = "[...document.querySelectorAll('button, a')].filter(b => !(b.innerText || b.ariaLabel || b.textContent).trim())"
    assert page.evaluate(f"{unnamed}.map(b => b.outerHTML)") == []


def test_the_api_gives_labelled_files(app: App) -> None:
    client = Client(app.url, verbose=False)
    files, made = client.predict("red shoes", 2, 5, 0.8, None, {"colour": "blue"}, api_name="/generate")
    assert [m["seed"] for m in made] == [5, 6]
    assert made[0]["attributes"]["colour"] == "blue"
    assert "red shoes" in Image.open(files[0]).info["parameters"]
    read = client.predict("red shoes", api_name="/attributes")
    assert read["colour"]["value"] == "red"
    with pytest.raises(Exception, match="number of pictures"):
        client.predict("red shoes", 10_000, api_name="/generate")


def test_the_server_gives_away_nothing_else(app: App) -> None:
    assert httpx.get(f"{app.url}healthz").json()["status"] == "ok"
    for path in (
        "pictures/..%2Ffeedback.db",
        "pictures/0.png",
        f"pictures/{'0' * 32}.png",
        "monitoring",
        "docs",
    ):
        assert httpx.get(app.url + path, follow_redirects=True).status_code in (403, 404)
    assert client_apis(app) == {"/generate", "/attributes", "/recognise"}


def client_apis(app: App) -> set[str]:
    return set(httpx.get(f"{app.url}gradio_api/info").json()["named_endpoints"])
