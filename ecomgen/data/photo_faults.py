"""What is wrong with the photos of a product set, as far as pixels tell: too small, blurred, busy behind, or there twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import imagehash
import numpy as np
from PIL import Image, ImageFilter

from ecomgen.data.products import Product
from ecomgen.errors import DataError

FaultKind = Literal["unreadable", "tiny", "blurred", "background", "duplicate", "person"]
"""`find_faults` tells all but "person", which people.py knows of."""

FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)

LEAST_SIDE = 48
"""Of the shorter side, in pixels."""

# 2 of 1,200 real photos have less; and 99 % of the same, blurred by 1.2 of 256 pixels or moved by 5.
_SHARPNESS = 0.4
_STEEP = 0.02  # share of the pixels that count as the steepest
_SLOPE = 3.0  # with smaller steps there is nothing to judge
_LOOKED_AT = 256
_BUSY = 0.25
_FAR = 40
# A side. With 8 other shoes and sunglasses on white were taken for the same: 33 of 1,000 photos, all wrongly.
_BITS = 16
_SMALL = 24
# How many of 256 bits may differ, and how much the small copies, as a share of what is on them. In a studio other colours of a
# shoe and other shirts on the same man are nearly as near as copies; on floors and walls nothing else is half as near.
_NEAR_PLAIN, _NEAR_BUSY = (32, 0.07), (48, 0.22)
_EXPOSURES = (0.75, 1.33)
_BURNT_OUT = 245
_AT_ONCE = 64
_COMPARED = 512  # rows of a matrix of differences
_THREADS = 2


@dataclass(frozen=True)
class Fault:
    """`of` is the name of the photo that a duplicate is nearly the same as."""

    kind: FaultKind
    of: str = ""


class _Print(NamedTuple):
    """What nearly the same photos have in common."""

    bits: np.ndarray  # bool [256]
    small: np.ndarray  # uint8 [24 * 24 * 3]
    content: float  # how far the small copy is from being of one colour, of 255
    busy: bool


class _Look(NamedTuple):
    faults: tuple[Fault, ...]
    print: _Print | None


def find_faults(
    products: Sequence[Product], tick: Callable[[int], None] = lambda n: None
) -> dict[str, tuple[Fault, ...]]:
    """Name of a photo -> its faults; photos without any are left out. Of photos that are nearly the same the first has none."""
    looks: list[_Look] = []
    with ThreadPoolExecutor(_THREADS) as threads:
        for start in range(
            0, len(products), _AT_ONCE
        ):  # not all at once: an app that is stopped waits for these
            for look in threads.map(_look, products[start : start + _AT_ONCE]):
                looks.append(look)
                tick(1)
    faults = {product.name: look.faults for product, look in zip(products, looks, strict=True)}
    seen = [(p.name, look.print) for p, look in zip(products, looks, strict=True) if look.print is not None]
    for name, first in _duplicates(seen).items():
        faults[name] = (*faults[name], Fault("duplicate", first))
    return {name: found for name, found in faults.items() if found}


def sharpness(photo: Image.Image) -> float:
    """How suddenly its steepest edges change, at 256 px or its own size: about 0.6 to 1 for sharp photos, 0 for empty ones.

    The smaller of across and down, because a camera that moved blurs one of them only.
    """
    grey = photo.convert("L")
    grey.thumbnail((_LOOKED_AT, _LOOKED_AT), Image.Resampling.BOX)
    pixels = np.asarray(grey, np.int16)
    smooth = np.asarray(grey.filter(ImageFilter.GaussianBlur(1)), np.int16)  # else grain would pass for edges
    across, down = _edges(pixels, smooth), _edges(pixels.T, smooth.T)
    steepest = max(across.slope, down.slope)
    judged = [e.sudden for e in (across, down) if e.slope >= max(_SLOPE, steepest / 8)]
    return min(judged, default=0.0)


class _Edges(NamedTuple):
    slope: float  # mean step of the smoothed photo over two pixels where it is steepest, of 255
    sudden: float  # the change of slope from one pixel to the next there, as a share of that


def _edges(pixels: np.ndarray, smooth: np.ndarray) -> _Edges:
    """Of [h, w], along its rows."""
    step = np.abs(smooth[:, 2:] - smooth[:, :-2])
    if not step.size:
        return _Edges(0.0, 0.0)
    fewest = np.cumsum(np.bincount(step.ravel(), minlength=256)[::-1])[::-1]  # steps of so much or more
    steep = np.flatnonzero(step >= np.flatnonzero(fewest >= _STEEP * step.size)[-1])
    row, column = np.divmod(steep, step.shape[1])
    turn = np.abs(2 * pixels[row, column + 1] - pixels[row, column] - pixels[row, column + 2])
    slope = float(step.ravel()[steep].mean())
    return _Edges(slope, float(turn.mean()) / (slope + 1))


def busyness(photo: Image.Image) -> float:
    """The share, 0 to 1, of the photo's border that is of another colour than most of it."""
    small = photo.copy()
    small.thumbnail((128, 128))
    pixels = np.asarray(small, np.float32)
    k = max(2, min(pixels.shape[:2]) // 25)
    sides = (pixels[:k], pixels[-k:], pixels[:, :k], pixels[:, -k:])
    ring = np.concatenate([side.reshape(-1, 3) for side in sides])
    return float((np.abs(ring - np.median(ring, 0)).max(1) > _FAR).mean())


def _look(product: Product) -> _Look:
    try:
        photo = product.image(2 * _LOOKED_AT)
    except DataError:
        return _Look((Fault("unreadable"),), None)
    faults = []
    if min(photo.size) < LEAST_SIDE:
        faults.append(Fault("tiny"))
    if sharpness(photo) < _SHARPNESS:
        faults.append(Fault("blurred"))
    busy = busyness(photo) > _BUSY
    if busy:
        faults.append(Fault("background"))
    small = np.asarray(photo.resize((_SMALL, _SMALL), Image.Resampling.BOX))
    content = float(np.abs(small - np.median(small, (0, 1))).mean())
    bits = imagehash.phash(photo, hash_size=_BITS).hash.flatten()
    return _Look(tuple(faults), _Print(bits, small.flatten(), content, busy))


def _duplicates(seen: Sequence[tuple[str, _Print]]) -> dict[str, str]:
    """Later photo -> the first photo before it that is nearly the same, and is no duplicate itself."""
    if not seen:
        return {}
    names = [name for name, _ in seen]
    bits = np.stack([each.bits for _, each in seen]).astype(np.float32)
    small = np.stack([each.small for _, each in seen])
    content = np.array([each.content for _, each in seen], np.float32)
    busy = np.array([each.busy for _, each in seen])
    found: dict[str, str] = {}
    for start in range(0, len(bits), _COMPARED):
        part = bits[start : start + _COMPARED]
        # Bits that differ: those that only one of both has.
        differ = part.sum(1)[:, None] + bits.sum(1)[None] - 2 * part @ bits.T
        for row, unlike in enumerate(differ):
            later = start + row
            most, far = _NEAR_BUSY if busy[later] else _NEAR_PLAIN
            likely = np.flatnonzero(unlike[:later] <= most)
            if not likely.size:
                continue
            apart = _apart(small[later], small[likely]) / ((content[likely] + content[later]) / 2 + 2)
            earlier = [i for i in likely[apart < far].tolist() if names[i] not in found]
            if earlier:
                found[names[later]] = names[earlier[0]]
    return found


def _apart(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Mean difference of small copies [n] and [k, n], of 255, where each other is made as bright as the one."""
    a, b = others.astype(np.float32), one.astype(np.float32)
    shown = (a < _BURNT_OUT) & (b < _BURNT_OUT)
    exposure = (a * b * shown).sum(1) / np.maximum((a * a * shown).sum(1), 1)
    exposure = np.clip(np.where(shown.any(1), exposure, 1), *_EXPOSURES)[:, None]
    brightened = np.abs(np.minimum(a * exposure, 255) - b).mean(1)
    darkened = np.abs(a - np.minimum(b / exposure, 255)).mean(1)
    return np.asarray(np.minimum(brightened, darkened))
