"""Product sets: a zip or a folder of photos with their attributes, in the ImageFolder convention.

Understood are an optional `metadata.csv` / `metadata.jsonl` (column `file_name`, relative to its own
folder), plain class folders (`shoes/1.jpg`), and train/val/test folders above either. What cannot be used is
refused by name.
"""

from __future__ import annotations

import time
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from PIL import Image

from ecomgen.data.archive import Entry, Limits, Refusal, list_entries, refusal
from ecomgen.data.metadata import (
    CLASS_FOLDER,
    GENERATED,
    VOTE_WEIGHT,
    Row,
    attributes_of,
    read_metadata,
    said_by_people,
)
from ecomgen.data.photos import check_photo, decode_photo
from ecomgen.errors import DataError
from ecomgen.schema import Attributes, Schema, default_schema, fold

__all__ = ["Limits", "Product", "ProductSet", "Refusal", "is_held_out", "read_products"]

_SUFFIXES = {".png", ".jpg", ".jpeg", ".jfif", ".webp"}
_METADATA = {"metadata.csv", "metadata.jsonl"}
_SPLITS = {"train": "train", "training": "train", "test": "test"}
_SPLITS |= dict.fromkeys(("val", "valid", "validation", "dev"), "val")
_NO_CLASS = {"images", "image", "imgs", "img", "photos", "photo", "pictures", "data", "dataset", "products"}


@dataclass(frozen=True)
class Product:
    """One photo and what is known of it; `attributes` has the set's whole schema, None = not said."""

    name: str
    attributes: Attributes
    title: str
    split: str  # "train", "val" or "test"
    entry: Entry = field(repr=False)
    max_pixels: int = field(default=Limits.pixels, repr=False)
    row: Row = field(default_factory=dict, repr=False)  # its line of the metadata, as it is written there

    def image(self, least_side: int | None = None) -> Image.Image:
        """The photo: RGB, upright, on white where transparent, no metadata. Thread-safe. Raises DataError.

        `least_side` spares decoding all of a large JPEG (`decode_photo`)."""
        return decode_photo(self.entry.read(), self.max_pixels, least_side)

    @property
    def vote_weight(self) -> float:
        """How much more often than others it is learnt from, 0.01 to 100: what votes said of it; 1 where nothing did."""
        try:
            weight = float(self.row.get(VOTE_WEIGHT) or 1)
        except ValueError:
            return 1.0
        return min(max(weight, 0.01), 100.0) if weight > 0 else 1.0  # also 1 for NaN

    @property
    def generated(self) -> bool:
        """Whether the set says that it is no photo but a generated picture."""
        return fold(self.row.get(GENERATED, "")) == "yes"

    def side(self) -> int:
        """Pixels of the photo's longer side, by its header alone. Raises DataError."""
        return max(check_photo(self.entry.read(), self.max_pixels))


@dataclass(frozen=True)
class ProductSet:
    """At least one product, what was refused, and the schema with what the set brings."""

    products: list[Product]
    refused: list[Refusal]
    schema: Schema

    def __len__(self) -> int:
        return len(self.products)

    def counts(self, attribute: str) -> Counter[str]:
        """How many products have each value of `attribute`."""
        return Counter(v for p in self.products if (v := p.attributes.get(attribute)) is not None)


def is_held_out(name: str, share: float) -> bool:
    """Whether the photo (and title) of this name is kept from training: by the name alone, so that growing the set moves
    none across, and a smaller share is part of a larger one: what no network saw is the same for all of them."""
    return zlib.crc32(name.encode()) % 10_000 < share * 10_000


def held_out_share(photos: int) -> float:
    """Of a small set of photos: some twelve have to be held out for the best weights to be told from others."""
    return min(0.25, max(0.05, 20 / photos))


def read_products(
    path: Path, schema: Schema | None = None, limits: Limits | None = None, guesses: bool = True
) -> ProductSet:
    """Read a zip or a folder; photos are checked by their header here and decoded by `Product.image`.

    Without `guesses`, what a recogniser filled in (`ecomgen label`) counts as not said.

    Raises DataError when it cannot be read as a whole or holds no usable photo.
    """
    schema, limits = schema or default_schema(), limits or Limits()
    path = Path(path)
    entries, refused = list_entries(path, limits)
    tables = [e for e in entries if PurePosixPath(e.name).name.lower() in _METADATA]
    photos, more = _check_photos([e for e in entries if e not in tables], limits)
    refused += more
    if not photos:
        reason = f" ({refused[0].name}: {refused[0].reason.rstrip('.')})" if refused else ""
        raise DataError(f"The product set {refusal(path.name, '').name} holds no usable photo{reason}.")

    rows: dict[str, Row] = {}
    for table in tables:
        found, more = read_metadata(table, limits.entries - len(rows))
        rows |= found
        refused += more
    named = {refusal(e.name, "").name for e in entries} | {r.name for r in refused}
    missing = [refusal(n, "The metadata lists it, but it is not in the set.") for n in rows]
    refused += [r for r in missing if r.name not in named]

    layout = _Layout(photos, tables if rows else [], schema)
    filled, splits = [], []
    for photo in photos:
        row = dict(rows.get(photo.name, {}))
        if not guesses:
            row = said_by_people(row, schema)
        split, row[CLASS_FOLDER] = layout.split_and_class(photo)
        splits.append(_SPLITS.get(fold(row.get("split", "")), split))
        filled.append(row)
    schema, attributes = attributes_of(filled, schema)
    products = [
        Product(photo.name, chosen, row.get("title", ""), split, photo, limits.pixels, row)
        for photo, chosen, row, split in zip(photos, attributes, filled, splits, strict=True)
    ]
    return ProductSet(products, refused, schema)


def _check_photos(entries: list[Entry], limits: Limits) -> tuple[list[Entry], list[Refusal]]:
    """The entries that hold a photo by their header, and a refusal for each other one."""
    photos: list[Entry] = []
    refused: list[Refusal] = []
    deadline = time.monotonic() + limits.seconds
    for i, entry in enumerate(entries):
        if time.monotonic() > deadline:
            reason = f"Checking the set took over {limits.seconds:.0f} seconds, the rest of it was left out."
            refused.append(refusal(f"{len(entries) - i:,} more files", reason))
            break
        try:
            if PurePosixPath(entry.name).suffix.lower() not in _SUFFIXES:
                raise DataError("It is not a PNG, JPEG or WebP photo.")
            check_photo(entry.read(), limits.pixels)
        except DataError as error:
            refused.append(refusal(entry.name, str(error)))
        else:
            photos.append(entry)
    return photos, refused


class _Layout:
    """What the folders of a set mean: wrapping folders, then perhaps a split, then perhaps classes."""

    def __init__(self, photos: list[Entry], tables: list[Entry], schema: Schema) -> None:
        self._category = schema.for_column("category")
        paths = [PurePosixPath(e.name).parts for e in (*photos, *tables)]
        parents = {path[:-1] for path in paths}
        self._wrapping = 0
        while all(len(path) > self._wrapping + 1 for path in paths):
            if not tables and all(len(path) == self._wrapping + 2 for path in paths):
                break  # the folder right above all photos: perhaps the one class of the set
            first = {path[self._wrapping] for path in paths}
            if len(first) > 1 or fold(min(first)) in _SPLITS or self._known(min(first)):
                break
            self._wrapping += 1
        # Beside metadata, or when all photos lie in one folder, a folder's name may mean anything.
        self._known_only = bool(tables) or (
            len(parents) == 1 and not _SPLITS.keys() & map(fold, min(parents))
        )

    def _known(self, folder: str) -> bool:
        return self._category is not None and self._category.find(folder) is not None

    def split_and_class(self, photo: Entry) -> tuple[str, str]:
        """The split ("train" when no folder says) and the folder that names the class ("" when none does)."""
        folders = PurePosixPath(photo.name).parts[self._wrapping : -1]
        split = _SPLITS.get(fold(folders[0]), "") if folders else ""
        named = [f for f in reversed(folders[bool(split) :]) if fold(f) not in _NO_CLASS]
        known = [f for f in named if self._known(f)]
        chosen = known or ([] if self._known_only else named)
        return split or "train", chosen[0] if chosen else ""
