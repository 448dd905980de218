"""Step 1 of the Fine-tune tab: what is wrong with photos, what is left out of them, and their clean-up."""

import re
from pathlib import Path

import pytest
from drawing import CATEGORIES, COLOURS, draw_product, photo_bytes, write_files
from PIL import ImageFilter
from playwright.sync_api import Page, expect
from running_app import App

from ecomgen.data.products import read_products

pytestmark = pytest.mark.browser

GREY = (205, 206, 208)
TAB = "document.querySelectorAll('#eg-tabs button[role=tab]')[3]"
SOON = 120_000


@pytest.fixture
def wall(tmp_path: Path) -> Path:
    """36 products on grey, two of them a second time, two blurred; and a file that is no photo."""
    drawn = [draw_product(c, k, (120, 160), i, GREY) for i, c in enumerate(CATEGORIES) for k in COLOURS]
    files = {f"images/{i:02}.png": photo_bytes(photo, "PNG") for i, photo in enumerate(drawn)}
    files |= {f"images/copy-{i}.jpg": photo_bytes(drawn[i]) for i in (3, 9)}
    files |= {
        f"images/soft-{i}.png": photo_bytes(
            draw_product("caps", "navy", (120, 160), i, GREY).filter(ImageFilter.GaussianBlur(4)), "PNG"
        )
        for i in (50, 51)
    }
    files["images/notes.txt"] = b"x"
    return write_files(tmp_path / "wall.zip", files)


def test_faults_are_left_out_and_photos_cleaned(page: Page, app: App, wall: Path) -> None:
    page.wait_for_function(f"{TAB}?.ariaSelected === 'true' || void {TAB}?.click()", polling=100)
    tab = page.locator("#eg-finetune")
    expect(tab.locator(".eg-drop")).to_be_visible(timeout=SOON)
    tab.locator(".eg-step input[type=file]").first.set_input_files(wall)
    expect(tab.locator(".eg-lead-number")).to_have_text("38 of 40 photos will be used", timeout=SOON)

    rows = tab.locator(".eg-odd li")
    copies, soft = rows.filter(has_text="Nearly the same as another: 2"), rows.filter(has_text="Blurred: 2")
    expect(copies.get_by_label("Leave these out")).to_be_checked()  # without anybody asking for it
    expect(copies.locator(".eg-pair")).to_have_count(2)
    soft.get_by_label("Leave these out").check()
    expect(tab.locator(".eg-lead-number")).to_have_text("36 of 40 photos will be used")
    tab.get_by_text("Files that cannot be used: 1").click()
    expect(tab.locator(".eg-refused")).to_have_text("notes.txt It is not a PNG, JPEG or WebP photo.")

    soft.get_by_role("button", name="Look at them").click()
    expect(tab.locator(".eg-table li")).to_have_count(2)
    tab.locator(".eg-table li").first.get_by_role("button", name="Take in").click()
    expect(tab.locator(".eg-lead-number")).to_have_text("37 of 40 photos will be used")
    expect(tab.locator(".eg-table li").first.locator(".eg-warning")).to_have_text("It is blurred.")

    tab.get_by_text("Clean-up: cut empty border, make square").click()
    after = tab.locator(".eg-before-after").first.locator("img").last
    tab.get_by_label("White background").check()
    expect(after).to_have_attribute("src", re.compile(r"clean=trim,pad,white_background$"))
    page.wait_for_function(
        "[...document.querySelectorAll('.eg-before-after img')].every((img) => img.complete && img.naturalWidth > 0)"
    )

    tab.get_by_role("button", name="Continue", exact=True).click()
    expect(tab.locator(".eg-step").nth(1)).to_contain_class("is-open", timeout=SOON)
    (ready,) = (app.home / "uploads").glob("*/set-*")
    photos = [product.image() for product in read_products(ready).products]
    assert len(photos) == 37
    assert all(photo.width == photo.height for photo in photos)
    assert min(min(photo.getpixel((1, 1))) for photo in photos) > 245
