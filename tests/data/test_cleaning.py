"""Clean-up of photos, on products drawn by the test."""

import numpy as np
import pytest
from drawing import CATEGORIES, draw_product
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ecomgen.data.cleaning import SIDES, Cleaning, clean
from ecomgen.errors import InvalidRequest

NOTHING = Cleaning(trim=False, pad=False, largest=2048)
GREY = (205, 210, 200)


def uneven(photo, seed=0, strength=4.0):
    noise = np.random.default_rng(seed).normal(0, strength, (photo.height, photo.width, 1))
    return Image.fromarray((np.asarray(photo, np.float32) + noise).clip(0, 255).astype(np.uint8))


def test_nothing_asked_changes_nothing():
    photo = draw_product("handbags", "blue", (150, 200))
    assert clean(photo, NOTHING).tobytes() == photo.tobytes()


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_grey_wall_becomes_white_and_the_product_stays(category):
    on_grey = draw_product(category, "blue", (200, 200), background=GREY)
    whitened = np.asarray(
        clean(uneven(on_grey), Cleaning(trim=False, pad=False, white_background=True)), np.int16
    )
    product = np.abs(np.asarray(on_grey, np.int16) - GREY).max(axis=2) > 100
    border = np.concatenate([whitened[0], whitened[-1], whitened[:, 0], whitened[:, -1]])
    assert (border == 255).mean() > 0.99
    inside = np.abs(whitened - np.asarray(on_grey, np.int16)).max(axis=2)[product]
    assert np.percentile(inside, 95) < 20


def test_a_white_product_on_white_stays():
    shirt = draw_product("t-shirts", "#ececec", (200, 200))
    whitened = clean(shirt, Cleaning(trim=False, pad=False, white_background=True))
    assert np.abs(np.asarray(whitened, np.int16) - np.asarray(shirt)).max() <= 12  # but for the seam
    assert whitened.getpixel((100, 120)) == shirt.getpixel((100, 120)) == (236, 236, 236)


def test_a_bed_or_a_floor_is_left_alone():
    floor = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 90, 3), np.uint8))
    assert clean(floor, Cleaning(False, False, white_background=True)).tobytes() == floor.tobytes()


def test_denoising_brings_the_photo_nearer_to_the_clean_one():
    photo = draw_product("handbags", "red", (200, 200))
    speckled = np.array(photo)
    dots = np.random.default_rng(2).random((200, 200)) < 0.05
    speckled[dots] = 0
    done = clean(Image.fromarray(speckled), Cleaning(trim=False, pad=False, denoise=True))

    def error(other):
        return np.abs(np.asarray(other, np.float32) - np.asarray(photo, np.float32)).mean()

    assert error(done) < error(speckled) / 5


def test_trimming_and_padding():
    photo = Image.new("RGB", (400, 300), "white")
    photo.paste((200, 20, 20), (180, 100, 220, 200))
    assert clean(photo, Cleaning(trim=False, pad=True)).size == (400, 400)
    trimmed = clean(photo, Cleaning(trim=True, pad=True))
    assert trimmed.width == trimmed.height == 200  # the product is enlarged twice at most
    assert clean(photo, Cleaning(trim=False, pad=False, largest=100)).size == (100, 75)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 300), st.integers(1, 300), st.integers(32, 256), *[st.booleans()] * 4, st.integers(0, 9)
)
def test_any_photo_comes_out_within_its_size(width, height, largest, trim, pad, white, denoise, seed):
    photo = draw_product("caps", "green", (width, height), seed)
    done = clean(photo, Cleaning(trim, pad, white, denoise, largest))
    assert done.mode == "RGB"
    assert 1 <= max(done.size) <= largest
    assert not pad or done.width == done.height


@pytest.mark.parametrize("largest", [SIDES[0] - 1, SIDES[-1] + 1, 0, -5, 10**9, 64.5, "512", None])
def test_an_impossible_size_is_one_sentence(largest):
    with pytest.raises(InvalidRequest, match=r"pixels, for example 512\.$"):
        Cleaning(largest=largest)
