"""The door to product sets that are about to be learnt from: what they hold, small copies to show, and a ready set."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from ecomgen.data.archive import Limits, Refusal, list_entries, refusal
from ecomgen.data.cleaning import Cleaning
from ecomgen.data.people import may_show_person
from ecomgen.data.photo_faults import find_faults
from ecomgen.data.photos import check_photo, decode_photo
from ecomgen.data.products import Product, ProductSet, read_products
from ecomgen.errors import CheckpointError, DataError, InvalidRequest
from ecomgen.services.checked import Checked, CheckedProduct, PhotoFault, Sizes
from ecomgen.services.preparing import Prepared, Progress, prepare, read_edits, set_table
from ecomgen.services.recognition import Recognition
from ecomgen.services.tables import write_table
from ecomgen.settings import Settings

SURE = 0.9
"""Confidence from which a guess is taken, as `ecomgen label` does."""

_TOGETHER = 64
_LOOKED_AT = 256  # pixels of the longer side that people and attributes are looked for in
_MOST_PREVIEWS = 500
_SIDES = range(16, 513)


class Checking:
    """Safe to share between threads; keeps nothing."""

    def __init__(self, settings: Settings, recognition: Recognition, limits: Limits | None = None) -> None:
        self._threads = min(settings.threads or os.cpu_count() or 1, 4)  # a photo may take 200 MB
        self._recognition = recognition
        self._limits = limits or Limits()

    def check(self, source: Path, update_progress: Progress = lambda what, share: None) -> Checked:
        """Look at every photo of a zip or a folder. Raises DataError when it holds no usable photo."""
        found = read_products(source, limits=self._limits, guesses=False)
        products, refused = _presentable(found)
        ticks = _Ticks(len(products), update_progress)
        faults = find_faults(products, ticks)
        damaged = {name for name, all_ in faults.items() if any(f.kind == "unreadable" for f in all_)}
        refused += [
            refusal(p.name, "It is damaged and cannot be decoded.") for p in products if p.name in damaged
        ]
        products = [p for p in products if p.name not in damaged]
        if not products:
            raise DataError(
                f"The product set {refusal(source.name, '').name} holds no photo that can be decoded."
            )

        recognition, notes = self._opened()
        checked: list[CheckedProduct] = []
        unjudged = 0
        for seen, person in self._looks(products, recognition):
            product = products[len(checked)]
            guesses = {
                name: value
                for name, value in seen.items()
                if name in found.schema and product.attributes.get(name) is None
            }
            told = [PhotoFault(f.kind, f.of) for f in faults.get(product.name, ())]
            unjudged += person is None
            width, height = check_photo(product.entry.read(), self._limits.pixels)
            checked.append(
                CheckedProduct(
                    product.name,
                    product.title,
                    width,
                    height,
                    product.attributes | {name: value for name, (value, _) in guesses.items()},
                    {name: confidence for name, (_, confidence) in guesses.items()},
                    (*told, PhotoFault("person")) if person else tuple(told),
                    product.split,
                    product.vote_weight,
                )
            )
            update_progress("Reading what the photos show", len(checked) / len(products))
        if unjudged:
            notes = (
                *notes,
                f"People were not looked for in {unjudged:,} photos, because their background is not plain and light.",
            )
        sides = [max(p.width, p.height) for p in checked]
        sizes = Sizes(min(sides), round(median(sides)), max(sides))
        return Checked(tuple(checked), tuple(refused), sizes, notes, found.schema)

    def preview(self, source: Path, names: Sequence[str], side: int = 160) -> dict[str, bytes]:
        """Small copies as WebP files, encoded anew; photos that cannot be decoded are left out. Raises InvalidRequest."""
        if len(names) > _MOST_PREVIEWS or side not in _SIDES:
            raise InvalidRequest(
                f"At most {_MOST_PREVIEWS} photos are shown at once, each at most {_SIDES[-1]} pixels."
            )
        entries = {entry.name: entry for entry in list_entries(source, self._limits)[0]}
        result = {}
        for name in names:
            if name not in entries:
                raise InvalidRequest(f"The set has no photo “{refusal(str(name), '').name}”.")
            try:
                photo = decode_photo(entries[name].read(), self._limits.pixels, 2 * side)
            except DataError:
                continue
            photo.thumbnail((side, side), Image.Resampling.LANCZOS)
            content = io.BytesIO()
            photo.save(content, "WEBP", quality=82)
            result[name] = content.getvalue()
        return result

    def table(self, checked: Checked, edits: object = None) -> str:
        """The completed metadata.csv, guesses named in its column `guessed`. Raises InvalidRequest."""
        return set_table(checked, read_edits(edits, checked)).text()

    def write_metadata(self, checked: Checked, edits: object, target: Path) -> Path:
        """Write the completed metadata.csv, which belongs at the top of the set. Raises InvalidRequest, StoreError."""
        table = set_table(checked, read_edits(edits, checked))
        return write_table(target, table.columns, table.rows)

    def prepare(
        self,
        source: Path,
        edits: object,
        cleaning: Cleaning,
        target: Path,
        checked: Checked | None = None,
        update_progress: Progress = lambda what, share: None,
    ) -> Prepared:
        """Write a set that is ready to be learnt from into the folder `target`, or into a zip when it is named so: whole or
        not at all.

        Without `checked` the set is checked first. Raises InvalidRequest, DataError, StoreError.
        """
        checked = checked or self.check(source, update_progress)
        return prepare(
            source,
            checked,
            read_edits(edits, checked),
            cleaning,
            target,
            self._limits,
            self._threads,
            update_progress,
        )

    def _opened(self) -> tuple[Recognition | None, tuple[str, ...]]:
        try:
            self._recognition.load()
        except CheckpointError:
            return None, (
                "Nothing was guessed, because the network that recognises photos cannot be loaded.",
            )
        return self._recognition, ()

    def _looks(
        self, products: Sequence[Product], recognition: Recognition | None
    ) -> Iterator[tuple[dict[str, tuple[str, float]], bool | None]]:
        """For each product: attribute -> (value, confidence) that is sure enough, and whether a person may be on it."""

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


class _Ticks:
    """From single ticks, perhaps of several threads, to a share of all."""

    def __init__(self, of: int, update_progress: Progress) -> None:
        self._done, self._of, self._tell = 0, max(of, 1), update_progress
        self._telling = threading.Lock()

    def __call__(self, n: int) -> None:
        with self._telling:
            self._done += n
            self._tell("Looking at the photos", self._done / self._of)
