"""From a checked set and a person's changes to a table, or to a set that is ready to be learnt from."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ecomgen.data.archive import Refusal, refusal
from ecomgen.data.cleaning import Cleaning, clean
from ecomgen.data.metadata import (
    GENERATED,
    GUESSED,
    MAX_VALUE,
    UNSPECIFIED,
    VOTE_WEIGHT,
    find_value,
    may_be_value,
)
from ecomgen.data.photo_faults import FAULT_KINDS
from ecomgen.data.products import Product, read_products
from ecomgen.errors import DataError, InvalidRequest, StoreError
from ecomgen.schema import Attribute, Schema, fold
from ecomgen.services.checked import Checked
from ecomgen.services.tables import table_text

Progress = Callable[[str, float], None]

LEFT_OUT = "left out"
"""What the changes say of a photo that is not to be learnt from."""

Edits = dict[str, dict[str, str | None] | None]
"""Photo -> attribute -> value, None for not said; None instead for a photo that is left out."""

_TOGETHER = 64
_STALE = 6 * 3600.0  # seconds after which the unfinished folder of a killed run is swept away


@dataclass(frozen=True)
class Prepared:
    """The set that was written; `refused` photos could not be used, and the `unread` values (attribute, value) are not
    learnt: in sets of over a thousand photos a new word needs three."""

    path: Path
    photos: int
    left_out: int
    refused: tuple[Refusal, ...]
    unread: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SetTable:
    """A metadata.csv to be."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]

    def text(self) -> str:
        """As CSV, harmless to spreadsheets."""
        return table_text(self.columns, self.rows)


def read_edits(given: object, checked: Checked) -> Edits:
    """A person's changes, which may be anything: photo -> LEFT_OUT, or attribute -> value (a known or a new word; None or ""
    for not said). Raises InvalidRequest."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InvalidRequest("The changes have to say for each photo what changes.")
    names = {product.name for product in checked.products}
    edits: Edits = {}
    for name, changes in given.items():
        if name not in names:
            raise InvalidRequest(f"The set has no photo “{refusal(str(name), '').name}”.")
        if changes == LEFT_OUT:
            edits[name] = None
            continue
        if not isinstance(changes, Mapping):
            raise InvalidRequest(f"A photo is “{LEFT_OUT}”, or its attributes are given by name.")
        edits[name] = {}
        for attribute, word in changes.items():
            if not isinstance(attribute, str):
                raise InvalidRequest("An attribute is named by a text.")
            edits[name][attribute] = _value(checked.schema, checked.schema[attribute], word)  # type: ignore[index]
    return edits


def read_kinds(given: Iterable[str]) -> frozenset[str]:
    """Kinds of faults that a person named. Raises InvalidRequest."""
    kinds = frozenset(given)
    unknown = next(iter(kinds - set(FAULT_KINDS)), None)
    if unknown is not None:
        raise InvalidRequest(f"“{unknown[:40]}” is no fault of photos; known are: {', '.join(FAULT_KINDS)}.")
    return kinds


def without(checked: Checked, kinds: Collection[str]) -> dict[str, str]:
    """The changes that leave out every photo with a fault of these kinds."""
    return {p.name: LEFT_OUT for p in checked.products if any(fault.kind in kinds for fault in p.faults)}


def _value(schema: Schema, attribute: Attribute, word: object) -> str | None:
    """The value as it is kept: the schema's own where it knows the word."""
    if word is None:
        return None
    if not isinstance(word, str):
        raise InvalidRequest(f"The {attribute.name} has to be a text.")
    spaced = "".join(" " if c.isspace() else c for c in word[: 20 * MAX_VALUE])
    shown = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    text = fold(shown)
    if not text or text == UNSPECIFIED:
        return None
    if len(text) > MAX_VALUE:
        raise InvalidRequest(f"The {attribute.name} is longer than {MAX_VALUE} characters.")
    if known := find_value(attribute, text):
        return known
    if schema.has_trademark(text):
        raise InvalidRequest(f"“{text}” holds a brand name, and brands are never learnt.")
    if not text[0].isalnum() or not may_be_value(text, schema):
        raise InvalidRequest(
            f"“{text}” is not usable as a {attribute.name}: please use a word, such as “hoodie”."
        )
    return text


def set_table(checked: Checked, edits: Edits, names: Mapping[str, str] | None = None) -> SetTable:
    """The line of each photo that is not left out; with `names` only of those in it, which are named as it says."""
    attributes = [
        name for name in checked.schema.names if not set(name) & set(",;\t")
    ]  # these would part the header
    rows = []
    for product in checked.products:
        changes = edits.get(product.name, {})
        if changes is None or (names is not None and product.name not in names):
            continue
        said = {name: value or "" for name, value in product.attributes.items()}
        said |= {name: value or UNSPECIFIED for name, value in changes.items()}
        guessed = [name for name in product.guessed if name not in changes]
        rows.append(
            {
                "file_name": product.name if names is None else names[product.name],
                "title": product.product.title,
                "split": product.product.split,
                VOTE_WEIGHT: f"{product.product.vote_weight:g}",
                GENERATED: "yes" if product.product.generated else "",
                **{name: said[name] for name in attributes if name in said},
                GUESSED: "; ".join(f"{name}={said[name]}" for name in guessed),
            }
        )
    splits = any(product.product.split != "train" for product in checked.products)
    weights = any(product.product.vote_weight != 1 for product in checked.products)
    generated = any(product.product.generated for product in checked.products)
    told = [*["split"] * splits, *[VOTE_WEIGHT] * weights, *[GENERATED] * generated]
    columns = ("file_name", "title", *told, *attributes, GUESSED)
    return SetTable(columns, tuple(rows))


def prepare(
    checked: Checked,
    edits: Edits,
    cleaning: Cleaning,
    target: Path,
    threads: int,
    update_progress: Progress,
) -> Prepared:
    """Write the set, its photos cleaned and encoded anew under names of our own; see `Checking.prepare`."""
    wanted = [p.product for p in checked.products if edits.get(p.name, {}) is not None]
    if not wanted:
        raise InvalidRequest("Every photo is left out; please keep at least one.")
    refused: list[Refusal] = []
    names: dict[str, str] = {}
    with _written_whole(target) as part:
        with _Sink(part, target) as sink, ThreadPoolExecutor(threads) as workers:
            for start in range(0, len(wanted), _TOGETHER):
                together = wanted[start : start + _TOGETHER]
                photos = workers.map(lambda product: _cleaned(product, cleaning), together)
                for product, photo in zip(together, photos, strict=True):
                    if isinstance(photo, Refusal):
                        refused.append(photo)
                        continue
                    names[product.name] = f"images/{len(names) + 1:06}.webp"
                    sink.add(names[product.name], photo)
                update_progress("Cleaning the photos", min(start + _TOGETHER, len(wanted)) / len(wanted))
            if not names:
                raise DataError("None of the photos can be read any more.")
            table = set_table(checked, edits, names)
            sink.add("metadata.csv", table.text().encode("utf-8-sig"))
        unread = _unread(part, table.rows, checked.schema.names)
    return Prepared(target, len(names), len(checked.products) - len(wanted), tuple(refused), unread)


def webp(photo: Image.Image, quality: int) -> bytes:
    """The photo as a file of our own making."""
    content = io.BytesIO()
    photo.save(content, "WEBP", quality=quality)
    return content.getvalue()


def _cleaned(product: Product, cleaning: Cleaning) -> bytes | Refusal:
    try:
        return webp(clean(product.image(2 * cleaning.largest), cleaning), quality=95)
    except DataError as error:
        return refusal(product.name, str(error))


def _unread(
    path: Path, rows: Sequence[Mapping[str, str]], attributes: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """The values that are in the set as written and that its reader makes nothing of."""
    found = {product.name: product.attributes for product in read_products(path).products}
    missing = {
        (name, row[name]): None
        for row in rows
        for name in attributes
        if row.get(name, "") not in ("", UNSPECIFIED) and found[row["file_name"]].get(name) != row[name]
    }
    return tuple(missing)


class _Sink:
    """Takes files into a folder, or into a zip when `target` is named so."""

    def __init__(self, part: Path, target: Path) -> None:
        self._zip = zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) if _is_zip(target) else None
        self._part = part

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip is not None:
            self._zip.close()

    def add(self, name: str, content: bytes) -> None:
        if self._zip is not None:
            self._zip.writestr(name, content)
            return
        file = self._part / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)


def _is_zip(target: Path) -> bool:
    return target.suffix.lower() == ".zip"


@contextmanager
def _written_whole(target: Path) -> Iterator[Path]:
    """A hidden place beside `target` that takes its name at the end, or is removed. Raises InvalidRequest, StoreError."""
    if target.is_dir() and (_is_zip(target) or any(target.iterdir())):
        raise InvalidRequest(
            f"There is something at {refusal(str(target), '').name} already; please name a new place."
        )
    if target.is_file() and not _is_zip(target):
        raise InvalidRequest(f"{refusal(str(target), '').name} is a file; please name a folder or a zip.")
    prefix = f".{target.name[:40]}-"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent, prefix)
        place = Path(tempfile.mkdtemp(dir=target.parent, prefix=prefix, suffix=".part"))
        try:
            part = place / f"set{target.suffix.lower() if _is_zip(target) else ''}"
            if not _is_zip(target):
                part.mkdir()
            yield part
            os.replace(part, target)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            f"The set cannot be written to {refusal(str(target), '').name}: {error.strerror or error}."
        ) from error


def _sweep(folder: Path, prefix: str) -> None:
    """Remove what killed runs left behind."""
    for left in folder.iterdir():
        with suppress(OSError):  # another run may be about to do the same
            ours = left.name.startswith(prefix) and left.name.endswith(".part")
            if ours and time.time() - left.stat().st_mtime > _STALE:
                shutil.rmtree(left, ignore_errors=True)
