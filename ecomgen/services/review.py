"""The review desk: keeps every generated picture and what people think of it."""

from __future__ import annotations

import itertools
import secrets
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ecomgen.data.store import (
    Filter,
    MarkKind,
    MarkRow,
    PictureRow,
    Rated,
    ShortlistRow,
    Sort,
    Store,
    StoredPicture,
    Tallies,
    VoteRow,
    standing,
)
from ecomgen.errors import InvalidRequest
from ecomgen.services.guard import Guard
from ecomgen.services.pictures import prune, save_picture
from ecomgen.services.review_input import (
    checked_filter,
    checked_id,
    checked_name,
    checked_reasons,
    checked_text,
    clean,
)
from ecomgen.settings import Settings

if TYPE_CHECKING:
    from ecomgen.services.attributes import Reading
    from ecomgen.services.records import Picture

REASONS = ("wrong category", "wrong colour", "blurry or broken", "off-brand", "not usable", "other")
"""Why a picture was turned down; a vote may name several."""

MAX_COMMENT = 1000
"""Longest comment, in characters."""

MOST_AT_ONCE = 1000
"""Most pictures that one call votes on, marks or looks up."""

_MAX_VISITOR = 64
_MAX_PAGE = 200
_PRUNE_EVERY = 64


@dataclass(frozen=True)
class Kept:
    """A picture that was recorded: its id, its file, and the batch it belongs to."""

    id: str
    path: Path
    batch: str


@dataclass(frozen=True, kw_only=True)
class ReviewedPicture(PictureRow):
    """A recorded picture and the vote that counts: `liked` is None when there is none or it was taken back.

    `path` is None once the file was deleted to make room; the recipe stays, so it can be made again.
    """

    path: Path | None
    liked: bool | None
    reasons: tuple[str, ...]
    comment: str
    reviewer: str
    tags: tuple[str, ...]
    shortlists: tuple[str, ...]
    deleted: bool


@dataclass(frozen=True)
class Page:
    """Some of the pictures that fit; `after` asks for those that follow, "" when these are the last."""

    pictures: list[ReviewedPicture]
    after: str


class Review:
    """Records pictures, votes and marks, and finds them; safe for many visitors at once.

    Nothing is opened or made on disk before the first call. All methods raise StoreError when the database or
    the folder cannot be used, and InvalidRequest when a value is none that the page could have sent. An id that a client
    makes (32 hex digits) makes a repeated call harmless.
    """

    def __init__(self, settings: Settings, store: Store | None = None) -> None:
        self._folder = settings.home / "pictures"
        self._guard = Guard(settings)
        self._keep = settings.kept_pictures
        self._store = store or Store(settings.database_url)
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
        visitor = checked_text("visitor", visitor, _MAX_VISITOR)
        batch = new_batch() if batch is None else checked_id("batch", batch)
        readings = {name: asdict(reading) for name, reading in (parsed or {}).items()}
        first = self._store.size_of_batch(batch)
        now = datetime.now(UTC)
        kept, rows = [], []
        for position, picture in enumerate(pictures, start=first):
            path = save_picture(picture, self._folder / checked_id("picture", picture.id), "png")
            kept.append(Kept(picture.id, path, batch))
            rows.append(
                PictureRow(
                    id=picture.id,
                    batch=batch,
                    position=position,
                    prompt=clean(picture.prompt),
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
            prune(self._folder, self._keep, self._store.cherished())
        return kept

    def vote(
        self,
        picture_id: str,
        liked: bool | None,
        reasons: Sequence[str] = (),
        comment: str = "",
        visitor: str = "",
        vote_id: str | None = None,
        reviewer: str = "",
    ) -> bool:
        """Remember a thumb up (True), down (False), or one taken back (None); committed to disk on return.

        `reviewer` is a name, if one was given. False when there is a vote of this id already.
        """
        vote_id = uuid.uuid4().hex if vote_id is None else vote_id
        return bool(self.vote_all({vote_id: picture_id}, liked, reasons, comment, visitor, reviewer))

    def vote_all(
        self,
        picture_ids: Mapping[str, str],
        liked: bool | None,
        reasons: Sequence[str] = (),
        comment: str = "",
        visitor: str = "",
        reviewer: str = "",
    ) -> int:
        """The same vote on several pictures (vote id -> picture id), on all or on none; returns how many are new."""
        if not isinstance(liked, bool | None):
            raise InvalidRequest("A vote is a thumb up, a thumb down, or neither.")
        row = VoteRow(
            id="",
            picture_id="",
            liked=liked,
            reasons=checked_reasons(reasons, REASONS),
            comment=checked_text("comment", comment, MAX_COMMENT),
            visitor=checked_text("visitor", visitor, _MAX_VISITOR),
            reviewer=checked_name("name", reviewer),
            created_at=datetime.now(UTC),
        )
        self._guard.check_note(f"{row.comment}\n{row.reviewer}")
        self._known(list(picture_ids.values()))
        pairs = [(checked_id("vote", id), picture_id) for id, picture_id in picture_ids.items()]
        return self._store.add_votes([replace(row, id=id, picture_id=picture_id) for id, picture_id in pairs])

    def undo(self, vote_id: str, visitor: str, undo_id: str | None = None) -> bool:
        """Let a vote of this visitor count no more, so that what counted before counts again; False when it did not count."""
        vote = self._store.vote(checked_id("vote", vote_id))
        if vote is None or not visitor or vote.visitor != visitor or vote.undoes:
            raise InvalidRequest("Only your own votes can be undone.")
        if vote_id in {earlier.undoes for earlier in self._store.votes(vote.picture_id)}:
            return False
        undoing = VoteRow(
            id=uuid.uuid4().hex if undo_id is None else checked_id("vote", undo_id),
            picture_id=vote.picture_id,
            liked=None,
            reasons=(),
            comment="",
            visitor=visitor,
            created_at=datetime.now(UTC),
            undoes=vote_id,
        )
        return bool(self._store.add_votes([undoing]))

    def votes(self, picture_id: str) -> list[VoteRow]:
        """Every vote on a picture, the earliest first, undos as well."""
        return self._store.votes(self.picture(picture_id).id)

    def judgements(self, picture_id: str) -> list[VoteRow]:
        """Each visitor's latest vote that was not undone; the last one that says up or down counts."""
        return standing(self.votes(picture_id))

    def mark(
        self,
        kind: MarkKind,
        picture_ids: Sequence[str],
        value: str = "",
        present: bool = True,
        visitor: str = "",
    ) -> None:
        """Put a mark on pictures, on all or on none, or take it away: a "tag", a "shortlist" (its id), or "deleted"."""
        if kind not in get_args(MarkKind) or not isinstance(present, bool):
            raise InvalidRequest(f"A mark is one of: {', '.join(get_args(MarkKind))}.")
        if kind == "tag":
            value = checked_name("tag", value)
            if not value:
                raise InvalidRequest("The tag is empty; please write one.")
            self._guard.check_note(value)
        elif kind == "shortlist":
            value = self.shortlist(value).id
        elif value != "":
            raise InvalidRequest("A deletion has no value.")
        visitor, now = checked_text("visitor", visitor, _MAX_VISITOR), datetime.now(UTC)
        ids = list(dict.fromkeys(self._known(picture_ids)))
        rows = [
            MarkRow(
                id=uuid.uuid4().hex,
                picture_id=id,
                kind=kind,
                value=value,
                present=present,
                visitor=visitor,
                created_at=now,
            )
            for id in ids
        ]
        self._store.add_marks(rows)

    def new_shortlist(self, name: str, visitor: str = "") -> ShortlistRow:
        """Begin a shortlist; its id is the secret part of the link that shares it."""
        name = checked_name("name", name)
        if not name:
            raise InvalidRequest("The shortlist needs a name.")
        self._guard.check_note(name)
        visitor = checked_text("visitor", visitor, _MAX_VISITOR)
        row = ShortlistRow(id=secrets.token_hex(16), name=name, visitor=visitor, created_at=datetime.now(UTC))
        self._store.add_shortlist(row)
        return row

    def shortlists(self) -> list[ShortlistRow]:
        """Every shortlist, the earliest first."""
        return self._store.shortlists()

    def shortlist(self, shortlist_id: str) -> ShortlistRow:
        """The shortlist of this id; InvalidRequest when there is none."""
        wanted = checked_id("shortlist", shortlist_id)
        for row in self._store.shortlists():
            if row.id == wanted:
                return row
        raise InvalidRequest("There is no shortlist with this id.")

    def picture(self, picture_id: str) -> ReviewedPicture:
        """One recorded picture; InvalidRequest when there is none with this id."""
        return self.find([picture_id])[0]

    def find(self, picture_ids: Sequence[str]) -> list[ReviewedPicture]:
        """The recorded pictures of these ids, in this order, deleted ones as well; InvalidRequest when one is missing."""
        wanted = list(dict.fromkeys(self._known(picture_ids)))
        found = self._store.find(wanted)
        if len(found) < len(wanted):
            raise InvalidRequest("There is no picture with this id.")
        return [self._reviewed(stored) for stored in found]

    def page(self, wanted: Filter, sort: Sort = "newest", after: str = "", limit: int = 50) -> Page:
        """Pictures that fit, at most 200 a page: the newest batch first in its order, the oldest first, or the last rated first."""
        if sort not in get_args(Sort):
            raise InvalidRequest(f"Pictures are sorted by one of: {', '.join(get_args(Sort))}.")
        if not isinstance(after, str) or not (type(limit) is int and 1 <= limit <= _MAX_PAGE):
            raise InvalidRequest(f"A page holds 1 to {_MAX_PAGE} pictures.")
        found, following = self._store.page(checked_filter(wanted), sort, after, limit)
        return Page([self._reviewed(stored) for stored in found], following)

    def each(self, wanted: Filter) -> Iterator[ReviewedPicture]:
        """All pictures that fit, the newest batch first."""
        after = ""
        while True:
            page = self.page(wanted, after=after, limit=_MAX_PAGE)
            yield from page.pictures
            after = page.after
            if not after:
                return

    def counts(self, wanted: Filter | None = None) -> dict[Rated, int]:
        """How many pictures fit, whatever rating is asked for: all, liked, disliked, unrated; of deleted ones only all."""
        return self._store.counts(checked_filter(wanted or Filter()))

    def choices(self) -> dict[str, list[str]]:
        """What there is to filter by: "model", "reviewer", "tag", and "is colour" and so on for attributes -> values."""
        return self._store.choices()

    def tallies(self, since: datetime | None = None, until: datetime | None = None) -> Tallies:
        """Votes and pictures counted, from `since` on and before `until`; services/insight.py says what they mean."""
        return self._store.tallies(since, until)

    def history(self, visitor: str, limit: int = 50) -> list[ReviewedPicture]:
        """What this visitor made last (at most 200 pictures), newest batch first, in order within."""
        visitor = checked_text("visitor", visitor, _MAX_VISITOR)
        if not (type(limit) is int and 1 <= limit <= _MAX_PAGE):
            raise InvalidRequest(f"A page holds 1 to {_MAX_PAGE} pictures.")
        if not visitor:
            return []
        return [self._reviewed(stored) for stored in self._store.history(visitor, limit)]

    def back_up(self, target: Path) -> None:
        """Copy the feedback database (SQLite) into the file `target`, while others go on using it."""
        self._store.back_up(target)

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        self._store.close()

    def _known(self, picture_ids: Sequence[str]) -> Sequence[str]:
        if not isinstance(picture_ids, list | tuple) or not 1 <= len(picture_ids) <= MOST_AT_ONCE:
            raise InvalidRequest(f"Please choose 1 to {MOST_AT_ONCE:,} pictures.")
        return [checked_id("picture", id) for id in picture_ids]

    def _reviewed(self, stored: StoredPicture) -> ReviewedPicture:
        row, vote = stored.row, stored.vote
        path = self._folder / row.file
        return ReviewedPicture(
            **{f.name: getattr(row, f.name) for f in fields(row)},
            path=path if path.is_file() else None,
            liked=vote.liked if vote else None,
            reasons=vote.reasons if vote else (),
            comment=vote.comment if vote else "",
            reviewer=vote.reviewer if vote else "",
            tags=stored.tags,
            shortlists=stored.shortlists,
            deleted=stored.deleted,
        )


def new_batch() -> str:
    """An id for pictures that belong together: 32 hex digits, later ones sort after earlier ones."""
    return f"{time.time_ns() // 1000:016x}{secrets.token_hex(8)}"
