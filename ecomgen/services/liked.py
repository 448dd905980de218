"""Pictures that people liked, as something to learn from: counted by shortlist, and joined with a set of photos."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ecomgen.data.metadata import GENERATED, VOTE_WEIGHT
from ecomgen.data.products import ProductSet, held_out_share, is_held_out, read_products
from ecomgen.data.store import Filter
from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.exporting import vote_weight
from ecomgen.services.review import Review, ReviewedPicture
from ecomgen.services.tables import write_table

ALL = "all"
"""Names every liked picture; anything else is a shortlist."""

MOST_SOURCES = 50


@dataclass(frozen=True)
class Source:
    """Where liked pictures come from; `pictures`: how many of them can be learnt from."""

    id: str
    name: str
    pictures: int


def liked_sources(review: Review) -> list[Source]:
    """All that is liked, then each shortlist. What was turned down, or whose file was cleared, is not counted."""
    lists = [(ALL, ""), *((row.id, row.name) for row in review.shortlists())]
    return [Source(id, name, sum(1 for _ in _usable(review, id))) for id, name in lists]


def named_sources(review: Review, names: Sequence[str]) -> tuple[str, ...]:
    """The ids of the shortlists of these names or ids, and ALL as it is. Raises InvalidRequest."""
    fits = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    if not fits or len(names) > MOST_SOURCES:
        raise InvalidRequest(f"Liked pictures come from at most {MOST_SOURCES} shortlists.")
    known = review.shortlists() if names else []
    found: list[str] = []
    for name in names:
        ids = [name] if name == ALL else [row.id for row in known if name in (row.id, row.name)]
        if not ids:
            raise InvalidRequest("There is no shortlist of this name.")
        if len(ids) > 1:
            raise InvalidRequest("There are several shortlists of this name; please give the id of one.")
        found += ids
    return tuple(dict.fromkeys(found))


def count_liked(review: Review, ids: Sequence[str]) -> int:
    """How many different pictures the sources hold together."""
    return len(_pictures(review, ids))


def join_liked(review: Review, ids: Sequence[str], data: Path | None, target: Path) -> Path:
    """Write the photos of the set `data`, if there is one, and the pictures of these sources as one product set, whole or not at all.

    Beside photos, pictures are never held out: what was learnt is measured on real photos only. Raises DataError,
    InvalidRequest, EcomgenError.
    """
    photos = read_products(data) if data else None
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        rows = [*_write_photos(photos, part), *_write_pictures(review, ids, part, bool(photos))]
        columns = list(dict.fromkeys(column for row in rows for column in row))
        write_table(part / "metadata.csv", columns, rows)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(part, target)
    except OSError as error:
        raise EcomgenError("The liked pictures cannot be gathered; the disk may be full.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _write_photos(photos: ProductSet | None, folder: Path) -> Iterator[dict[str, str]]:
    products = photos.products if photos else []
    has_split = any(product.split != "train" for product in products)
    share = held_out_share(len(products)) if products else 0.0
    for i, product in enumerate(products):
        name = f"photo-{i:06}{PurePosixPath(product.name).suffix.lower()}"
        (folder / name).write_bytes(product.entry.read())
        held = product.split != "train" if has_split else is_held_out(product.name, share)
        yield {
            "file_name": name,
            "title": product.title,
            "split": "val" if held else "train",
            VOTE_WEIGHT: f"{product.vote_weight:g}",
            GENERATED: "yes" if product.generated else "",
            **{name: value for name, value in product.attributes.items() if value},
        }


def _write_pictures(
    review: Review, ids: Sequence[str], folder: Path, beside_photos: bool
) -> Iterator[dict[str, str]]:
    for picture in _pictures(review, ids):
        name = f"liked-{picture.id}.png"
        try:
            assert picture.path is not None
            (folder / name).write_bytes(picture.path.read_bytes())
        except FileNotFoundError:  # cleared in this moment
            continue
        yield {
            "file_name": name,
            "title": picture.prompt,
            **({"split": "train"} if beside_photos else {}),
            VOTE_WEIGHT: f"{vote_weight(review, picture.id):g}",
            GENERATED: "yes",
            **{name: value for name, value in picture.attributes.items() if value},
        }


def _pictures(review: Review, ids: Sequence[str]) -> list[ReviewedPicture]:
    found = {picture.id: picture for id in ids for picture in _usable(review, id)}
    return list(found.values())


def _usable(review: Review, id: str) -> Iterator[ReviewedPicture]:
    wanted = Filter(rated="liked") if id == ALL else Filter(shortlist=id)
    return (each for each in review.each(wanted) if each.path and each.liked is not False)
