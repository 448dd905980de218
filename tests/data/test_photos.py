import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from drawing import draw_product, photo_bytes, write_product_set
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ecomgen.data.archive import Limits
from ecomgen.data.photos import (
    border_colour,
    check_photo,
    decode_photo,
    pad_to_square,
    photo_array,
    trim_border,
    unsqueeze,
)
from ecomgen.data.products import read_products
from ecomgen.errors import DataError

RED = (200, 30, 40)
sides = st.integers(1, 90)
colours = st.tuples(*[st.integers(0, 255)] * 3)


def on(background, size, box):
    image = Image.new("RGB", size, background)
    image.paste(RED, box)
    return image


def red_pixels(image):
    return int((np.asarray(image) == RED).all(axis=2).sum())


@st.composite
def boxed(draw):
    """A size and a box inside it that leaves a border free."""
    width, height = draw(st.integers(8, 90)), draw(st.integers(8, 90))
    left, top = draw(st.integers(1, width - 3)), draw(st.integers(1, height - 3))
    return (width, height), (
        left,
        top,
        draw(st.integers(left + 1, width - 1)),
        draw(st.integers(top + 1, height - 1)),
    )


@given(sides, sides, st.integers(1, 96), colours)
def test_padding_gives_the_exact_size_in_the_borders_own_colour(width, height, size, colour):
    padded = pad_to_square(Image.new("RGB", (width, height), colour), size)
    assert padded.size == (size, size)
    assert (np.asarray(padded) == colour).all()


def test_padding_keeps_the_whole_photo():
    corners = Image.new("RGB", (40, 80), "white")
    for x in (0, 30):
        for y in (0, 70):
            corners.paste(RED, (x, y, x + 10, y + 10))
    padded = pad_to_square(corners, 80)
    assert red_pixels(padded) == red_pixels(corners)
    assert padded.getpixel((0, 40)) == padded.getpixel((79, 40)) == (255, 255, 255)


def test_padding_takes_a_colour():
    assert pad_to_square(Image.new("RGB", (10, 20)), 20, fill=RED).getpixel((0, 0)) == RED


@given(boxed(), st.sampled_from([0.0, 0.03, 0.2]), st.sampled_from([1.0, 2.0, 5.0]))
def test_trimming_keeps_every_product_pixel_and_the_scale_in_bounds(size_and_box, margin, max_scale):
    size, box = size_and_box
    image = on("white", size, box)
    trimmed = trim_border(image, margin, max_scale)
    assert red_pixels(trimmed) == red_pixels(image)
    assert trimmed.width == trimmed.height >= max(size) / max_scale
    longer = max(box[2] - box[0], box[3] - box[1])
    assert longer <= trimmed.width * (1 - 2 * margin)
    rows = np.flatnonzero((np.asarray(trimmed) == RED).all(axis=2).any(axis=1))
    assert abs(int(rows[0]) - (trimmed.height - 1 - int(rows[-1]))) <= 1  # centred


@given(boxed())
def test_trimming_fills_the_square_but_for_the_margin(size_and_box):
    size, box = size_and_box
    longer = max(box[2] - box[0], box[3] - box[1])
    trimmed = trim_border(on("white", size, box), margin=0.05, max_scale=1000)
    assert trimmed.width == int(np.ceil(longer / 0.9))


def test_a_product_that_touches_an_edge_is_kept_whole():
    image = on("white", (60, 80), (0, 30, 60, 50))
    trimmed = trim_border(image)
    assert red_pixels(trimmed) == red_pixels(image)
    assert trimmed.width == 64


@pytest.mark.parametrize("seed", range(3))
def test_photos_without_a_plain_border_or_a_product_come_back_as_they_are(seed):
    noise = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (50, 40, 3), np.uint8))
    blank = Image.new("RGB", (40, 50), (250, 250, 250))
    for image in (noise, blank):
        assert trim_border(image).tobytes() == image.tobytes()
        assert trim_border(image).size == image.size


@given(sides, sides)
def test_trim_and_pad_take_any_size(width, height):
    image = draw_product("handbags", "blue", (width, height))
    assert pad_to_square(trim_border(image), 32).size == (32, 32)


def test_border_colour_is_the_median():
    assert border_colour(on((250, 240, 230), (60, 80), (0, 30, 60, 50))) == (250, 240, 230)


def test_unsqueeze_brings_the_aspect_back():
    assert unsqueeze(Image.new("RGB", (224, 224))).size == (168, 224)


def test_photo_array(tmp_path):
    products = read_products(write_product_set(tmp_path / "set.zip", 6)).products
    photos, kept = photo_array(products, 32, trim=True)
    assert photos.shape == (6, 32, 32, 3)
    assert photos.dtype == np.uint8
    assert kept == list(range(6))
    untrimmed, _ = photo_array(products, 32, trim=False)
    plain = [(stack < 240).any(axis=3).mean() for stack in (photos, untrimmed)]
    assert plain[0] > plain[1]  # the product fills more of the square


def test_photo_array_names_what_cannot_be_decoded(tmp_path):
    folder = write_product_set(tmp_path / "set", 4)
    whole = (folder / "images/0002.jpg").read_bytes()
    (folder / "images/0002.jpg").write_bytes(whole[: len(whole) // 2])  # the header is sound
    found = read_products(folder)
    photos, kept = photo_array(found.products, 16, trim=False, refused=found.refused)
    assert kept == [0, 1, 3]
    assert len(photos) == 3
    assert [(r.name, r.reason) for r in found.refused] == [
        ("images/0002.jpg", "It is damaged and cannot be decoded.")
    ]


def test_decoding_drops_metadata_turns_upright_and_puts_transparency_on_white():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    exif[0x010E] = "secret place"
    buffer = io.BytesIO()
    on("white", (40, 20), (0, 0, 10, 20)).save(buffer, "JPEG", exif=exif, quality=95)
    upright = decode_photo(buffer.getvalue(), 10**6)
    assert upright.size == (20, 40)
    assert upright.getpixel((10, 2))[1] < 80  # the left edge is on top now
    assert not upright.info
    assert not upright.getexif()

    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert decode_photo(photo_bytes(clear, "PNG"), 10**6).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_mode_decodes_to_rgb(mode):
    image = Image.fromarray(np.full((4, 4), 0x8000, np.uint16)) if mode == "I;16" else Image.new(mode, (4, 4))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG" if mode == "CMYK" else "PNG")
    decoded = decode_photo(buffer.getvalue(), 10**6)
    assert decoded.mode == "RGB"
    if mode == "I;16":
        assert decoded.getpixel((0, 0)) == (128, 128, 128)


@settings(max_examples=60)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x20\0\0\0WEBPVP8 "]),
)
def test_any_bytes_decode_or_are_a_data_error(content, magic):
    for function in (check_photo, decode_photo):
        with suppress(DataError):
            function(magic + content, Limits.pixels)


@pytest.mark.filterwarnings("error::PIL.Image.DecompressionBombWarning")
def test_huge_headers_are_refused_without_decoding():
    for side in (5_000, 10_000, 60_000):  # beyond our cap, Pillow's warning and Pillow's error
        huge = bytearray(photo_bytes(Image.new("RGB", (4, 4)), "PNG"))
        huge[16:24] = struct.pack(">2I", side, side)
        huge[29:33] = struct.pack(">I", zlib.crc32(huge[12:29]))
        with pytest.raises(DataError, match="more than 20 million pixels"):
            decode_photo(bytes(huge), Limits.pixels)
    with pytest.raises(DataError, match=r"more than 0\.001 million pixels"):
        check_photo(photo_bytes(Image.new("RGB", (50, 50))), 1000)
