"""What is wrong with photos, on products drawn by the test."""

import io
from pathlib import Path

import numpy as np
import pytest
from drawing import CATEGORIES, COLOURS, draw_product, photo_bytes, write_files
from PIL import Image, ImageFilter
from scipy.ndimage import uniform_filter

from ecomgen.data.photo_faults import Fault, busyness, find_faults, sharpness
from ecomgen.data.products import read_products

SIZE = (160, 160)


def faults_of(tmp_path: Path, photos: dict[str, Image.Image]) -> dict[str, tuple[Fault, ...]]:
    path = write_files(tmp_path / "set.zip", {n: photo_bytes(p, "PNG") for n, p in photos.items()})
    return find_faults(read_products(path).products)


def striped() -> Image.Image:
    """A product before a striped wall."""
    photo = draw_product("caps", "red", SIZE, 5)
    for x in range(0, SIZE[0], 20):
        photo.paste((40, 60, 120), (x, 0, x + 10, 40))
        photo.paste((40, 60, 120), (x, 120, x + 10, SIZE[1]))
    return photo


def test_each_fault_is_found_and_good_photos_have_none(tmp_path):
    bag = draw_product("handbags", "blue", SIZE, 1)
    found = faults_of(
        tmp_path,
        {
            "a.png": bag,
            "b.png": draw_product("watches", "green", SIZE, 2),
            "c.png": draw_product("belts", "red", (40, 40), 3),
            "d.png": draw_product("sunglasses", "black", SIZE, 4).filter(ImageFilter.GaussianBlur(4)),
            "e.png": striped(),
            "f.png": bag.resize((120, 120)),
            "g.png": bag.point(lambda v: min(255, v + 6)),
        },
    )
    assert found == {
        "c.png": (Fault("tiny"),),
        "d.png": (Fault("blurred"),),
        "e.png": (Fault("background"),),
        "f.png": (Fault("duplicate", "a.png"),),
        "g.png": (Fault("duplicate", "a.png"),),
    }


def test_a_photo_that_cannot_be_decoded_is_one_of_them(tmp_path):
    good = photo_bytes(draw_product("caps", "red", SIZE), "PNG")
    path = write_files(tmp_path / "set.zip", {"a.png": good, "b.png": good[: len(good) // 2]})
    products = read_products(path).products
    if len(products) == 2:  # the header is whole, the pixels are not
        assert find_faults(products) == {"b.png": (Fault("unreadable"),)}


def test_other_products_and_other_colours_are_no_duplicates(tmp_path):
    photos = {f"{c} {colour}.png": draw_product(c, colour, SIZE, 7) for c in CATEGORIES for colour in COLOURS}
    assert not faults_of(tmp_path, photos)


def encoded(photo: Image.Image) -> Image.Image:
    return Image.open(io.BytesIO(photo_bytes(photo.resize((90, 90)), "JPEG"))).convert("RGB")


@pytest.mark.parametrize(
    "change",
    [
        encoded,
        lambda photo: photo.resize((220, 220)),
        lambda photo: photo.crop((1, 1, photo.width - 1, photo.height - 1)),
        lambda photo: photo.point(lambda v: min(255, int(v * 1.1))),
        lambda photo: photo.point(lambda v: int(v * 0.9)),
    ],
    ids=["encoded smaller", "enlarged", "cropped", "brighter", "darker"],
)
@pytest.mark.parametrize("category", CATEGORIES)
def test_a_copy_that_was_changed_a_little_is_found(tmp_path, category, change):
    photo = draw_product(category, "blue", SIZE, 3)
    found = faults_of(tmp_path, {"a.png": photo, "b.png": change(photo)})
    assert Fault("duplicate", "a.png") in found.get("b.png", ())


@pytest.mark.parametrize("direction", [(5, 1), (1, 5)])
@pytest.mark.parametrize("category", CATEGORIES)
def test_a_camera_that_moved_blurs_one_direction(category, direction):
    photo = draw_product(category, "blue", (256, 256), 3)
    moved = Image.fromarray(uniform_filter(np.asarray(photo), (*direction, 1)))
    assert sharpness(photo) > 0.6
    assert sharpness(moved) < 0.4


@pytest.mark.parametrize("colour", ["#ffffff", "#000000", "#7f7f7f"])
def test_an_empty_photo_breaks_nothing(colour):
    empty = Image.new("RGB", (64, 200), colour)
    assert sharpness(empty) == 0
    assert busyness(empty) == 0
    assert 0 <= busyness(Image.new("RGB", (1, 1), colour)) <= 1


def test_every_product_is_ticked(tmp_path):
    path = write_files(
        tmp_path / "set.zip",
        {f"{i}.png": photo_bytes(draw_product("caps", "red", SIZE, i), "PNG") for i in range(5)},
    )
    ticks: list[int] = []
    find_faults(read_products(path).products, ticks.append)
    assert sum(ticks) == 5
