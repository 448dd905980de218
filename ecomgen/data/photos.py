"""Photos: decoding what nobody vouches for, trimming empty border, fitting into squares without cropping."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from ecomgen.data.archive import Refusal, refusal
from ecomgen.errors import DataError

if TYPE_CHECKING:
    from ecomgen.data.products import Product

Colour = tuple[int, int, int]

_FORMATS = ("PNG", "JPEG", "WEBP")
_BORDER_DIFFERENCE = 18  # largest channel difference, 0..255, that still counts as the border's colour
_UNIFORM_SHARE = 0.7  # a product may touch some of the border; a floor or a bed differs in most of it

# Process-wide: warnings.catch_warnings is not safe in threads, and no part of ecomgen wants such an image.
warnings.simplefilter("error", Image.DecompressionBombWarning)


def _open(content: bytes, max_pixels: int) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(f"It has more than {max_pixels / 1e6:g} million pixels.") from error
    except Exception as error:  # Pillow's plugins raise many kinds on hostile files
        raise DataError("It is not a PNG, JPEG or WebP photo, or it is damaged.") from error
    if image.width * image.height > max_pixels:
        raise DataError(f"It has more than {max_pixels / 1e6:g} million pixels.")
    return image


def check_photo(content: bytes, max_pixels: int) -> tuple[int, int]:
    """Width and height, by the header only. Raises DataError when it is no PNG, JPEG or WebP of at most `max_pixels`."""
    return _open(content, max_pixels).size


def decode_photo(content: bytes, max_pixels: int, least_side: int | None = None) -> Image.Image:
    """PNG, JPEG or WebP bytes -> RGB: upright, transparency on white, without metadata. Raises DataError.

    With `least_side` a JPEG whose sides are more than twice that is decoded at a half, a quarter or an eighth of its size.
    """
    image = _open(content, max_pixels)
    try:
        if least_side is not None:
            image.draft(None, (least_side, least_side))
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):  # 16-bit greyscale, which convert() would clip to white
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        if not image.has_transparency_data:
            image = image.convert("RGB")
            clean = Image.new("RGB", image.size)
            clean.paste(image)
            return clean
        image = image.convert("RGBA")
        clean = Image.new("RGB", image.size, "white")
        clean.paste(image, mask=image.getchannel("A"))
        return clean
    except Exception as error:
        raise DataError("It is damaged and cannot be decoded.") from error


def _border(pixels: np.ndarray) -> np.ndarray:
    """The outermost pixels of [h, w, 3] as [n, 3]."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def border_colour(image: Image.Image) -> Colour:
    """The median colour of the outermost pixels."""
    red, green, blue = np.median(_border(np.asarray(image.convert("RGB"))), axis=0)
    return int(red), int(green), int(blue)


def trim_border(image: Image.Image, margin: float = 0.03, max_scale: float = 2.0) -> Image.Image:
    """A square around the product: all that differs from the border's colour, centred, in that colour.

    `margin` is the share of the side left free on each side of the product (0 to below 0.5); the product is
    enlarged at most `max_scale` times against the untrimmed photo in a square. A photo whose border has no
    single colour, or with nothing on it, comes back as it is.
    """
    image = image.convert("RGB")
    pixels = np.asarray(image).astype(np.int16)
    fill = border_colour(image)
    differs = np.abs(pixels - np.array(fill, np.int16)).max(axis=2) > _BORDER_DIFFERENCE
    on_border = np.concatenate([differs[0], differs[-1], differs[:, 0], differs[:, -1]])
    if not differs.any() or on_border.mean() > 1 - _UNIFORM_SHARE:
        return image
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    longer = max(bottom - top, right - left)
    side = math.ceil(max(longer / (1 - 2 * margin), max(image.size) / max_scale))
    square = Image.new("RGB", (side, side), fill)
    # Pasting the whole photo, not the box, keeps a soft shadow that differs too little to count.
    square.paste(image, ((side - left - right) // 2, (side - top - bottom) // 2))
    return square


def pad_to_square(image: Image.Image, size: int, fill: Colour | None = None) -> Image.Image:
    """The whole photo fitted into size x size, centred on `fill` (default: its own border colour)."""
    image = image.convert("RGB")
    scale = size / max(image.size)
    width, height = (max(1, round(length * scale)) for length in image.size)
    fitted = (
        image if image.size == (width, height) else image.resize((width, height), Image.Resampling.LANCZOS)
    )
    if fitted.size == (size, size):
        return fitted
    square = Image.new("RGB", (size, size), border_colour(image) if fill is None else fill)
    square.paste(fitted, ((size - width) // 2, (size - height) // 2))
    return square


def unsqueeze(image: Image.Image, aspect: float = 3 / 4) -> Image.Image:
    """Give a photo that was squeezed or stretched its width/height `aspect` back; the height stays."""
    return image.resize((max(1, round(image.height * aspect)), image.height), Image.Resampling.LANCZOS)


def photo_array(
    products: Sequence[Product],
    size: int,
    trim: bool,
    aspect: float | None = None,
    refused: list[Refusal] | None = None,
) -> tuple[np.ndarray, list[int]]:
    """Every photo padded to a square: uint8 [n, size, size, 3], and the index of each in `products`.

    `aspect` is the true width/height of photos that were squeezed. A photo that cannot be decoded is left out
    and added to `refused`.
    """
    photos = np.empty((len(products), size, size, 3), np.uint8)
    kept: list[int] = []
    for i, product in enumerate(products):
        try:
            image = product.image()
        except DataError as error:
            if refused is not None:
                refused.append(refusal(product.name, str(error)))
            continue
        if aspect is not None:
            image = unsqueeze(image, aspect)
        if trim:
            image = trim_border(image)
        photos[len(kept)] = np.asarray(pad_to_square(image, size))
        kept.append(i)
    return photos[: len(kept)], kept
