"""Reviewed pictures for use elsewhere: as a table, as lines of JSON, or as a product set to train on."""

from __future__ import annotations

import csv
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ecomgen.data.metadata import GENERATED, VOTE_WEIGHT
from ecomgen.errors import InvalidRequest, StoreError
from ecomgen.services.review import Review, ReviewedPicture
from ecomgen.services.tables import harmless, write_table

Exporter = Callable[[Review, Iterable[ReviewedPicture], Path], int]


def export(review: Review, format: str, pictures: Iterable[ReviewedPicture], target: Path) -> int:
    """Write the pictures to the file `target` as "csv", "jsonl" or "zip", whole or not at all; returns how many it holds.

    The zip is a product set (data/products.py): the photos, and a metadata.csv with their prompts, attributes and the weight that
    their votes give them; pictures whose files were cleared are left out of it. Raises StoreError when it cannot
    be written, InvalidRequest when there is nothing to write or no such format.
    """
    if format not in EXPORTERS:
        raise InvalidRequest(f"The format is one of {', '.join(EXPORTERS)}.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
        os.close(handle)
        part = Path(name)
        try:
            count = EXPORTERS[format](review, pictures, part)
            if not count:
                raise InvalidRequest("There are no pictures to export.")
            os.chmod(part, 0o644)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"The export cannot be written to {target}: {error.strerror or error}.") from error
    return count


def facts(picture: ReviewedPicture, shortlists: Mapping[str, str]) -> dict[str, Any]:
    """All that is kept of a picture and what people think of it, as plain data."""
    own = ("batch", "position", "prompt", "language", "seed", "psi", "variation", "variation_seed", "origin")
    judged = ("liked", "comment", "reviewer")
    return {
        "id": picture.id,
        "file_name": picture.file,
        **{name: getattr(picture, name) for name in own},
        "latent": picture.latent,
        "attributes": picture.attributes,
        "parsed": picture.parsed,
        "model": picture.model,
        "model_hash": picture.model_hash,
        "created_at": picture.created_at.isoformat(),
        **{name: getattr(picture, name) for name in judged},
        "reasons": list(picture.reasons),
        "tags": list(picture.tags),
        "shortlists": [shortlists.get(id, id) for id in picture.shortlists],
    }


def _jsonl(review: Review, pictures: Iterable[ReviewedPicture], target: Path) -> int:
    shortlists, count = _names(review), 0
    with target.open("w", encoding="utf-8") as file:
        for picture in pictures:
            count += 1
            file.write(json.dumps(facts(picture, shortlists), ensure_ascii=False) + "\n")
    return count


def _csv(review: Review, pictures: Iterable[ReviewedPicture], target: Path) -> int:
    shortlists = _names(review)
    rows = [_row(picture, shortlists) for picture in pictures]
    columns = dict.fromkeys(column for row in rows for column in row)
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow([harmless(column) for column in columns])
        table.writerows([harmless(row.get(column, "")) for column in columns] for row in rows)
    return len(rows)


def _row(picture: ReviewedPicture, shortlists: Mapping[str, str]) -> dict[str, str]:
    """One line of the table: an attribute a column."""
    plain = facts(picture, shortlists)
    del plain["parsed"], plain["latent"]
    attributes = plain.pop("attributes")
    cells = {name: _cell(value) for name, value in plain.items()}
    return cells | {name: value or "" for name, value in attributes.items() if name not in cells}


def vote_weight(review: Review, picture_id: str) -> float:
    """How much more often a picture should be learnt from: twice for one thumb up, three times for two, half for one down."""
    thumbs = [vote.liked for vote in review.judgements(picture_id)]
    return (1 + thumbs.count(True)) / (1 + thumbs.count(False))


def _names(review: Review) -> dict[str, str]:
    """Shortlist id -> name."""
    return {row.id: row.name for row in review.shortlists()}


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(value)
    words = {None: "", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def _zip(review: Review, pictures: Iterable[ReviewedPicture], target: Path) -> int:
    rows: list[dict[str, str]] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:  # a PNG does not get any smaller
        for picture in pictures:
            try:
                content = picture.path.read_bytes() if picture.path else None
            except FileNotFoundError:  # cleared in this moment
                content = None
            if content is not None:
                name = f"images/{picture.id}.png"
                archive.writestr(name, content)
                rows.append(
                    {
                        "file_name": name,
                        "title": picture.prompt,
                        VOTE_WEIGHT: f"{vote_weight(review, picture.id):g}",
                        GENERATED: "yes",
                        **{k: v for k, v in picture.attributes.items() if v},
                    }
                )
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with tempfile.TemporaryDirectory() as folder:
            table = write_table(Path(folder) / "metadata.csv", columns, rows)
            archive.write(table, "metadata.csv")
    return len(rows)


EXPORTERS: dict[str, Exporter] = {"csv": _csv, "jsonl": _jsonl, "zip": _zip}
