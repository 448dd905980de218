"""The door to product sets that are about to be learnt from: what they hold, their table, and a ready set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from ecomgen.data.archive import Limits, Refusal, refusal
from ecomgen.data.cleaning import Cleaning
from ecomgen.data.people import may_show_person
from ecomgen.data.photo_faults import Fault, find_faults
from ecomgen.data.photos import check_photo
from ecomgen.data.products import Product, ProductSet, read_products
from ecomgen.errors import CheckpointError, DataError
from ecomgen.services.checked import Checked, CheckedProduct, Sizes
from ecomgen.services.decency import Decency
from ecomgen.services.preparing import Prepared, Progress, prepare, read_edits, set_table
from ecomgen.services.recognition import Recognition
from ecomgen.services.tables import write_table
from ecomgen.settings import Settings

SURE = 0.7
"""Confidence from which a guess is taken: `ecomgen label` asks for more, because nobody looks at what it fills in."""

_TOGETHER = 64
_LOOKED_AT = 256  # pixels of the longer side that people and attributes are looked for in
_USUAL = 0.2  # from this share of the photos on, busy backgrounds are the set's way and nothing to warn of

_Look = tuple[dict[str, tuple[str, float]], bool | None]
"""Attribute -> (value, confidence) that is sure enough, and whether a person may be there; None where nobody can tell."""


class Checking:
    """Safe to share between threads; keeps nothing."""

    def __init__(self, settings: Settings, recognition: Recognition, limits: Limits | None = None) -> None:
        self._threads = min(settings.threads or os.cpu_count() or 1, 4)  # a photo may take 200 MB
        self._recognition, self._decency = recognition, Decency(settings)
        self._limits = limits or Limits()

    def check(self, source: Path, update_progress: Progress = lambda what, share: None) -> Checked:
        """Look at every photo of a zip or a folder. Raises DataError when it holds no usable photo."""
        found = read_products(source, limits=self._limits, guesses=False)
        products, refused = _presentable(found)
        faults = find_faults(products, _Ticks(len(products), update_progress))
        damaged = {name for name, all_ in faults.items() if Fault("unreadable") in all_}
        refused += [refusal(name, "It is damaged and cannot be decoded.") for name in damaged]
        products = [p for p in products if p.name not in damaged]
        if not products:
            raise DataError(
                f"The product set {refusal(source.name, '').name} holds no photo that can be decoded."
            )
        unsuitable = self._unsuitable(products)
        refused += [refusal(name, "It does not look suitable for a shop.") for name in unsuitable]
        products = [p for p in products if p.name not in unsuitable]
        if not products:
            raise DataError(
                f"The product set {refusal(source.name, '').name} holds no photo that a shop can use."
            )
        faults, notes = _unusual(faults, len(products))
        recognition = self._opened()
        if recognition is None:
            notes.append("Nothing was guessed, because the network that recognises photos cannot be loaded.")

        checked: list[CheckedProduct] = []
        unjudged = 0
        for product, (seen, person) in zip(products, self._looks(products, recognition), strict=True):
            told, unjudged = faults.get(product.name, ()), unjudged + (person is None)
            checked.append(self._checked(product, seen, (*told, Fault("person")) if person else told))
            update_progress("Reading what the photos show", len(checked) / len(products))
        if unjudged:
            notes.append(
                f"People were not looked for where the background is not plain and light: in {unjudged:,} of {len(checked):,} photos."
            )
        sides = [max(p.width, p.height) for p in checked]
        sizes = Sizes(min(sides), round(median(sides)), max(sides))
        return Checked(tuple(checked), tuple(refused), sizes, tuple(notes), found.schema)

    def write_metadata(self, checked: Checked, edits: object, target: Path) -> Path:
        """Write the completed metadata.csv, which belongs at the top of the set. Raises InvalidRequest, StoreError."""
        table = set_table(checked, read_edits(edits, checked))
        return write_table(target, table.columns, table.rows)

    def table(self, checked: Checked, edits: object = None) -> str:
        """The completed metadata.csv as text, guesses named in its column `guessed`. Raises InvalidRequest."""
        return set_table(checked, read_edits(edits, checked)).text()

    def prepare(
        self,
        checked: Checked,
        edits: object,
        cleaning: Cleaning,
        target: Path,
        update_progress: Progress = lambda what, share: None,
    ) -> Prepared:
        """Write a set that is ready to be learnt from into the folder `target`, or into a zip when it is named so: whole or
        not at all. Raises InvalidRequest, DataError, StoreError."""
        return prepare(checked, read_edits(edits, checked), cleaning, target, self._threads, update_progress)

    def _unsuitable(self, products: Sequence[Product]) -> set[str]:
        """The names of photos that the operator's classifier turns away."""
        if not self._decency.looks:
            return set()
        return {p.name for p in products if not self._decency.allows(p.image(_LOOKED_AT))}

    def _opened(self) -> Recognition | None:
        try:
            self._recognition.load()
        except CheckpointError:
            return None
        return self._recognition

    def _checked(
        self, product: Product, seen: dict[str, tuple[str, float]], faults: tuple[Fault, ...]
    ) -> CheckedProduct:
        width, height = check_photo(product.entry.read(), self._limits.pixels)
        open_ = {n for n in product.attributes.keys() & seen.keys() if product.attributes[n] is None}
        return CheckedProduct(
            product,
            width,
            height,
            product.attributes | {name: seen[name][0] for name in open_},
            {name: seen[name][1] for name in seen if name in open_},
            faults,
        )

    def _looks(self, products: Sequence[Product], recognition: Recognition | None) -> Iterator[_Look]:
        def look(product: Product) -> tuple[np.ndarray | None, bool | None]:
            photo = product.image(_LOOKED_AT)
            photo.thumbnail((_LOOKED_AT, _LOOKED_AT), Image.Resampling.BOX)
            return recognition.frame(photo) if recognition else None, may_show_person(photo)

        with ThreadPoolExecutor(self._threads) as threads:
            for start in range(0, len(products), _TOGETHER):
                looks = list(threads.map(look, products[start : start + _TOGETHER]))
                framed = [frame for frame, _ in looks if frame is not None]
                readings = (
                    recognition.readings(recognition.look(framed), SURE) if recognition else [{}] * len(looks)
                )
                for reading, (_, person) in zip(readings, looks, strict=True):
                    yield {n: (r.value, r.confidence) for n, r in reading.items() if r.value}, person


def _presentable(found: ProductSet) -> tuple[list[Product], list[Refusal]]:
    """The products whose names can be written down: a folder's file may be named by bytes that are no text."""
    products: list[Product] = []
    refused = list(found.refused)
    for product in found.products:
        try:
            product.name.encode()
        except UnicodeEncodeError:
            refused.append(refusal(product.name, "Its name is not readable text; please rename it."))
        else:
            products.append(replace(product, title=product.title.strip()))
    return products, refused


def _unusual(
    faults: dict[str, tuple[Fault, ...]], photos: int
) -> tuple[dict[str, tuple[Fault, ...]], list[str]]:
    """The faults without busy backgrounds where many photos have one, and what to say of it."""
    busy = Fault("background")
    n = sum(busy in told for told in faults.values())
    if n <= _USUAL * photos:
        return faults, []
    note = f"The backgrounds of {n:,} photos are busy; that is the way of this set, so they are not marked."
    return {name: tuple(f for f in told if f != busy) for name, told in faults.items()}, [note]


class _Ticks:
    """From single ticks to a share of all."""

    def __init__(self, of: int, update_progress: Progress) -> None:
        self._done, self._of, self._tell = 0, max(of, 1), update_progress

    def __call__(self, n: int) -> None:
        self._done += n
        self._tell("Looking at the photos", self._done / self._of)
