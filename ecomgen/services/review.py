"""The review desk: keeps every generated picture and what people think of it."""

from __future__ import annotations

import itertools
import re
import secrets
import time
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ecomgen.data.store import PictureRow, Rated, Store, VoteRow
from ecomgen.errors import InvalidRequest
from ecomgen.services.pictures import prune, save_picture
from ecomgen.settings import Settings

if TYPE_CHECKING:
    from ecomgen.services.attributes import Reading
    from ecomgen.services.generation import Picture

REASONS = ("wrong category", "wrong colour", "blurry or broken", "off-brand", "not usable", "other")
"""Why a picture was turned down; the empty text stands for no reason given."""

MAX_COMMENT = 1000
"""Longest comment, in characters."""

_MAX_VISITOR = 64
_MAX_PAGE = 200
_PRUNE_EVERY = 64
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Kept:
    """A picture that was recorded: its id, its file, and the batch it belongs to."""

    id: str
    path: Path
    batch: str


@dataclass(frozen=True, kw_only=True)
class ReviewedPicture(PictureRow):
    """A recorded picture and its latest vote: `liked` is None when there is none or it was taken back.

    `path` is None once the file was deleted to make room; the recipe stays, so it can be made again.
    """

    path: Path | None
    liked: bool | None
    reason: str
    comment: str


class Review:
    """Records pictures and votes, and lists them; safe for many visitors at once.

    Nothing is opened or made on disk before the first call. All methods raise StoreError when the database or
    the folder cannot be used, and InvalidRequest when a value is none that the page could have sent.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.home / "pictures"
        self._keep = settings.kept_pictures
        self._store = Store(settings.database_url)
        self._recorded = itertools.count()

    def record(
        self,
        pictures: Sequence[Picture],
        language: str = "en",
        visitor: str = "",
        parsed: Mapping[str, Reading] | None = None,
        batch: str | None = None,
    ) -> list[Kept]:
        """Save the pictures as labelled PNG files and remember how they were made; on disk on return.

        Pictures that come one by one belong together when they are given the same `batch` (from `new_batch`).
        """
        visitor = _text("visitor", visitor, _MAX_VISITOR)
        batch = new_batch() if batch is None else _id("batch", batch)
        readings = {name: asdict(reading) for name, reading in (parsed or {}).items()}
        first = self._store.size_of_batch(batch)
        now = datetime.now(UTC)
        kept, rows = [], []
        for position, picture in enumerate(pictures, start=first):
            path = save_picture(picture, self._folder / _id("picture", picture.id), "png")
            kept.append(Kept(picture.id, path, batch))
            rows.append(
                PictureRow(
                    id=picture.id,
                    batch=batch,
                    position=position,
                    prompt=_clean(picture.prompt),
                    language=language if language in ("en", "zh") else "en",
                    parsed=readings,
                    attributes=dict(picture.attributes),
                    seed=picture.seed,
                    psi=picture.psi,
                    variation=picture.variation,
                    variation_seed=picture.variation_seed,
                    model=picture.model,
                    model_hash=picture.model_hash,
                    file=path.name,
                    created_at=now,
                    visitor=visitor,
                    latent=picture.latent,
                    origin=picture.origin,
                )
            )
        self._store.add_pictures(rows)
        if sum(next(self._recorded) % _PRUNE_EVERY == 0 for _ in rows):
            prune(self._folder, self._keep, self._store.voted())
        return kept

    def vote(
        self,
        picture_id: str,
        liked: bool | None,
        reason: str = "",
        comment: str = "",
        visitor: str = "",
        vote_id: str | None = None,
    ) -> bool:
        """Remember a thumb up (True), down (False), or one taken back (None); committed to disk on return.

        `vote_id` (32 hex digits, made by the client) makes a repeated call harmless: it returns False.
        """
        if not isinstance(liked, bool | None):
            raise InvalidRequest("A vote is a thumb up, a thumb down, or neither.")
        if reason not in ("", *REASONS):
            raise InvalidRequest(f"The reason is one of: {', '.join(REASONS)}.")
        row = VoteRow(
            id=uuid.uuid4().hex if vote_id is None else _id("vote", vote_id),
            picture_id=self.picture(picture_id).id,
            liked=liked,
            reason=reason,
            comment=_text("comment", comment, MAX_COMMENT),
            visitor=_text("visitor", visitor, _MAX_VISITOR),
            created_at=datetime.now(UTC),
        )
        return self._store.add_vote(row)

    def votes(self, picture_id: str) -> list[VoteRow]:
        """Every vote on a picture, the earliest first; the last one counts."""
        return self._store.votes(self.picture(picture_id).id)

    def picture(self, picture_id: str) -> ReviewedPicture:
        """One recorded picture; InvalidRequest when there is none with this id."""
        found = self._store.picture(_id("picture", picture_id))
        if found is None:
            raise InvalidRequest("There is no picture with this id.")
        return self._reviewed(*found)

    def pictures(self, offset: int = 0, limit: int = 50, rated: Rated = "all") -> list[ReviewedPicture]:
        """A page of the pictures (at most 200), newest batch first, in their order within a batch."""
        if rated not in get_args(Rated):
            raise InvalidRequest(f"Pictures are listed by one of: {', '.join(get_args(Rated))}.")
        offset, limit = _page(offset, limit)
        return [self._reviewed(*pair) for pair in self._store.pictures(offset, limit, rated)]

    def history(self, visitor: str, limit: int = 50) -> list[ReviewedPicture]:
        """What this visitor made last (at most 200 pictures), newest batch first, in order within."""
        visitor = _text("visitor", visitor, _MAX_VISITOR)
        _, limit = _page(0, limit)
        if not visitor:
            return []
        return [self._reviewed(*pair) for pair in self._store.pictures(0, limit, visitor=visitor)]

    def counts(self) -> dict[Rated, int]:
        """How many pictures there are: all, liked, disliked, unrated."""
        return self._store.counts()

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        self._store.close()

    def _reviewed(self, row: PictureRow, vote: VoteRow | None) -> ReviewedPicture:
        path = self._folder / row.file
        return ReviewedPicture(
            **asdict(row),
            path=path if path.is_file() else None,
            liked=vote.liked if vote else None,
            reason=vote.reason if vote else "",
            comment=vote.comment if vote else "",
        )


def new_batch() -> str:
    """An id for pictures that belong together: 32 hex digits, later ones sort after earlier ones."""
    return f"{time.time_ns() // 1000:016x}{secrets.token_hex(8)}"


def _id(what: str, value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidRequest(f"A {what} id is 32 hexadecimal digits.")
    return value


def _text(what: str, value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"The {what} must be text.")
    value = _clean(value)
    if len(value) > longest:
        raise InvalidRequest(f"The {what} is longer than {longest:,} characters.")
    return value


def _clean(text: str) -> str:
    """Without control characters and lone surrogates, which databases refuse; line breaks stay."""
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


def _page(offset: object, limit: object) -> tuple[int, int]:
    if not (type(offset) is int and type(limit) is int and 0 <= offset < 2**31 and 1 <= limit <= _MAX_PAGE):
        raise InvalidRequest(f"A page begins at 0 or later and holds 1 to {_MAX_PAGE} pictures.")
    return offset, limit
