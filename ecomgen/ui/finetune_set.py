"""Step 1 of the Fine-tune tab: what an uploaded set holds, what the visitor changes of it, and the set that is trained on."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ecomgen.data.metadata import GUESSED
from ecomgen.data.photo_faults import Fault, find_faults
from ecomgen.data.products import ProductSet, read_products
from ecomgen.errors import CheckpointError, DataError, EcomgenError, InvalidRequest
from ecomgen.services.pictures import replace_file
from ecomgen.services.recognition import Recognition
from ecomgen.services.tables import harmless
from ecomgen.services.uploads import Uploads

SHOWN = ("category", "colour")
"""The attributes that can be changed photo by photo."""

_SIDE = 160
_KEPT = 4
_LONGEST = 60

_LOOKED_AT = 500
_USUAL = 0.2
"""From this share of photos on, busy backgrounds are the set's way and nothing to warn of."""


@dataclass(frozen=True)
class _Known:
    """A set, what was guessed of photos of which something is not said, and what is wrong with photos."""

    products: ProductSet
    guesses: dict[str, dict[str, str]]
    faults: dict[str, tuple[Fault, ...]]


Edits = dict[str, dict[str, Any]]
"""Photo -> {"leave_out": True} or attribute -> value ("" for not said)."""


class UploadedSets:
    """The sets that were uploaded, read once each. Raises InvalidRequest, EcomgenError."""

    def __init__(self, uploads: Uploads, recognition: Recognition) -> None:
        self._uploads, self._recognition = uploads, recognition
        self._read: OrderedDict[str, _Known] = OrderedDict()
        self._reading = threading.Lock()

    def described(self, upload_id: str) -> dict[str, Any]:
        """What the page shows of a set."""
        read = self._set(upload_id)
        known, guesses = read.products, read.guesses
        counts: dict[str, Counter[str]] = {a.name: known.counts(a.name) for a in known.schema}
        for guessed in guesses.values():
            for name, value in guessed.items():
                counts[name][value] += 1
        return {
            "photos": len(known),
            "counts": {name: found.most_common() for name, found in counts.items() if found},
            "values": {name: [v.name for v in known.schema[name].values] for name in SHOWN},
            "refused": [{"name": r.name, "reason": r.reason} for r in known.refused],
            "products": [
                {
                    "name": p.name,
                    **{name: p.attributes.get(name) for name in SHOWN},
                    **guesses.get(p.name, {}),
                    "guessed": list(guesses.get(p.name, {})),
                    "faults": [asdict(fault) for fault in read.faults.get(p.name, ())],
                }
                for p in known.products
            ],
        }  # fmt: skip

    def thumbnail(self, upload_id: str, index: int) -> Path:
        """A small copy of a photo, encoded by us."""
        known = self._set(upload_id).products
        if not 0 <= index < len(known):
            raise InvalidRequest("There is no photo with this number.")
        target = self._uploads.folder(upload_id) / "small" / f"{index}.webp"
        if not target.is_file():
            content = io.BytesIO()
            try:
                image = known.products[index].image()
                image.thumbnail((_SIDE, _SIDE))
                image.save(content, "WEBP", quality=82)
                target.parent.mkdir(exist_ok=True)
                replace_file(target, content.getvalue())
            except DataError as error:
                raise InvalidRequest(str(error)) from error
            except OSError as error:
                raise EcomgenError("The thumbnail cannot be kept; the disk may be full.") from error
        return target

    def table(self, upload_id: str, given: Any) -> str:
        """The completed metadata.csv."""
        return _table(self._set(upload_id), read_edits(given), lambda index, name: name)

    def prepare(self, upload_id: str, given: Any) -> tuple[str, Path]:
        """The set as it is trained on, with the visitor's changes, and its own id; made once for the same changes."""
        read, edits = self._set(upload_id), read_edits(given)
        made_of = json.dumps(edits, sort_keys=True).encode()
        id = hashlib.sha256(made_of).hexdigest()[:32]
        target = self._uploads.folder(upload_id) / f"set-{id}"
        if target.is_dir():
            return id, target
        part = target.with_name(f".{target.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir()
            for index, product in enumerate(read.products.products):
                if not edits.get(product.name, {}).get("leave_out"):
                    (part / _photo_name(index, product.name)).write_bytes(product.entry.read())
            (part / "metadata.csv").write_text(_table(read, edits, _photo_name), encoding="utf-8")
            part.rename(target)
        except OSError as error:
            shutil.rmtree(part, ignore_errors=True)
            raise EcomgenError("The set cannot be prepared; the disk may be full.") from error
        return id, target

    def prepared(self, upload_id: str, prepared_id: Any) -> Path:
        """A set that was prepared before."""
        fits = (
            isinstance(prepared_id, str)
            and len(prepared_id) == 32
            and set(prepared_id) <= set("0123456789abcdef")
        )
        target = self._uploads.folder(upload_id) / f"set-{prepared_id if fits else ''}"
        self._uploads.touch(upload_id)
        if not target.is_dir():
            raise InvalidRequest("Please look at the set and continue from there.")
        return target

    def _set(self, upload_id: str) -> _Known:
        upload = self._uploads.upload(upload_id)
        if not upload.complete:
            raise InvalidRequest("The product set has not arrived completely; please upload it again.")
        with self._reading:
            if upload_id not in self._read:
                try:
                    self._read[upload_id] = self._look(read_products(upload.source))
                except DataError as error:
                    raise InvalidRequest(str(error)) from error
                while len(self._read) > _KEPT:
                    self._read.popitem(last=False)
            self._read.move_to_end(upload_id)
            return self._read[upload_id]

    def _look(self, products: ProductSet) -> _Known:
        """Guess what is not said of the first photos, and see what is wrong with any."""
        guesses: dict[str, dict[str, str]] = {}
        for product in products.products[:_LOOKED_AT]:
            try:
                image = product.image()
                missing = [name for name in SHOWN if product.attributes.get(name) is None]
                seen = self._recognition.recognise(image) if missing else {}
            except DataError:
                continue
            except CheckpointError:  # no recogniser here: nothing is guessed
                break
            told = {name: seen[name].value for name in missing if name in seen}
            guesses[product.name] = {name: value for name, value in told.items() if value is not None}
        return _Known(products, guesses, _told_faults(find_faults(products.products), len(products)))


def _told_faults(found: dict[str, tuple[Fault, ...]], photos: int) -> dict[str, tuple[Fault, ...]]:
    busy = sum(Fault("background") in faults for faults in found.values())
    if busy <= _USUAL * photos:
        return found
    return {name: tuple(f for f in faults if f.kind != "background") for name, faults in found.items()}


def read_edits(given: Any) -> Edits:
    """What the browser sent, which may be anything; what does not fit is left out."""
    edits: Edits = {}
    for name, changes in given.items() if isinstance(given, Mapping) else ():
        if not isinstance(name, str) or not isinstance(changes, Mapping):
            continue
        kept: dict[str, Any] = {
            a: v for a, v in changes.items() if a in SHOWN and isinstance(v, str) and len(v) <= _LONGEST
        }
        if changes.get("leave_out") is True:
            kept["leave_out"] = True
        if kept:
            edits[name] = kept
    return edits


def _photo_name(index: int, name: str) -> str:
    return f"{index + 1:05}{PurePosixPath(name).suffix.lower()}"


def _table(read: _Known, edits: Edits, named: Callable[[int, str], str]) -> str:
    """metadata.csv, whose column `guessed` says which cells a recogniser filled in."""
    known = read.products
    columns = [a.name for a in known.schema]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["file_name", "title", *columns, GUESSED])
    for index, product in enumerate(known.products):
        changes = edits.get(product.name, {})
        if changes.get("leave_out"):
            continue
        guessed = {n: v for n, v in read.guesses.get(product.name, {}).items() if n not in changes}
        filled = {**product.attributes, **guessed, **changes}
        cells = [filled.get(column) or "" for column in columns]
        told = "; ".join(f"{name}={value}" for name, value in guessed.items())
        writer.writerow(
            [harmless(cell) for cell in (named(index, product.name), product.title, *cells, told)]
        )
    return text.getvalue()
