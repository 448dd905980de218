"""Clean-up of product photos before they are learnt from: less noise, white behind the product, no empty border, one size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

from ecomgen.data.photos import border_colour, pad_to_square, trim_border
from ecomgen.errors import InvalidRequest

SIDES = range(32, 2049)
"""What the longer side of a cleaned photo may be."""

_PLAIN = 0.7  # share of the border that has to be of one colour, as for trimming: else nobody knows what is background
_TOLERANCE = (
    6,
    40,
)  # on a clean white border the narrow end, so that a white shirt stays; on a grey, uneven one the wide end
_SPECK = 0.0004  # what is left standing alone in the background and is a smaller share of the photo goes too
_WHITE = (255, 255, 255)


@dataclass(frozen=True)
class Cleaning:
    """What is done to each photo. `largest` is the longer side in pixels; nothing is enlarged."""

    trim: bool = True
    pad: bool = True
    white_background: bool = False
    denoise: bool = False
    largest: int = 512

    def __post_init__(self) -> None:
        if not isinstance(self.largest, int) or self.largest not in SIDES:
            raise InvalidRequest(
                f"The longer side of the photos is from {SIDES[0]} to {SIDES[-1]:,} pixels, for example 512."
            )


def clean(photo: Image.Image, cleaning: Cleaning) -> Image.Image:
    """The photo, RGB, with everything done to it that `cleaning` asks for."""
    photo = photo.convert("RGB")
    if (
        max(photo.size) > 2 * cleaning.largest
    ):  # trimming may need twice the size; the rest would be work for nothing
        photo.thumbnail((2 * cleaning.largest,) * 2, Image.Resampling.LANCZOS)
    if cleaning.denoise:
        photo = photo.filter(ImageFilter.MedianFilter(3))
    if cleaning.white_background:
        photo = with_white_background(photo)
    if cleaning.trim:
        photo = trim_border(photo)
    if cleaning.pad:
        return pad_to_square(photo, min(cleaning.largest, max(photo.size)))
    photo.thumbnail((cleaning.largest, cleaning.largest), Image.Resampling.LANCZOS)
    return photo


def with_white_background(photo: Image.Image) -> Image.Image:
    """White wherever the border's colour reaches from the border; a photo whose border has no single colour as it is."""
    pixels = np.asarray(photo.filter(ImageFilter.GaussianBlur(1)), np.int16)  # a wall's grain counts for less
    difference = np.abs(pixels - np.array(border_colour(photo), np.int16)).max(axis=2)
    border = np.concatenate([difference[0], difference[-1], difference[:, 0], difference[:, -1]])
    spread = float(np.percentile(border, 100 * _PLAIN))
    narrow, wide = _TOLERANCE
    if spread > wide:
        return photo
    near = difference <= min(max(3 * spread, narrow), wide)
    regions, _ = ndimage.label(near)
    at_border = np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))
    behind = np.isin(regions, at_border[at_border > 0])
    specks, n = ndimage.label(~behind)
    small = np.bincount(specks.ravel(), minlength=n + 1) < _SPECK * behind.size
    behind |= small[specks]
    # A soft seam: a hard one leaves steps around the product.
    seam = Image.fromarray((behind * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.7))
    whitened = photo.copy()
    whitened.paste(_WHITE, mask=seam)
    return whitened
