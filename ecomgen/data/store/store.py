"""The feedback database. Rows are only ever added: a changed mind is a new vote, and so is an undo. Only jobs change.

What pictures are found by (index.py) is derived from those rows in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from ecomgen.data.store import comparing, index
from ecomgen.data.store import jobs as job_rows
from ecomgen.data.store.filters import Filter, Known, Sort, counted, cursor, matching
from ecomgen.data.store.opening import back_up, open_database, reading, writing
from ecomgen.data.store.rows import (
    ComparisonRow,
    Device,
    JobRow,
    JobState,
    MarkRow,
    PictureRow,
    Rated,
    ShortlistRow,
    StoredPicture,
    VoteRow,
)
from ecomgen.data.store.tables import (
    comparisons,
    facets,
    filed,
    jobs,
    marks,
    next_number,
    picture_row,
    pictures,
    shortlists,
    vote_row,
    votes,
)
from ecomgen.data.store.tallies import Tallies, tally
from ecomgen.errors import InvalidRequest


class Store:
    """Opened and migrated on first use; safe from many threads and processes.

    A method that adds rows returns only after they are committed to disk. Raises StoreError, one sentence; what is
    added to a picture that there is not raises InvalidRequest.
    """

    def __init__(self, url: str) -> None:
        """`url` is a SQLAlchemy URL, e.g. sqlite:////home/me/feedback.db; nothing is touched yet."""
        self._url = url
        self._opening, self._turn = Lock(), Lock()
        self._opened: Engine | None = None

    def add_pictures(self, rows: Sequence[PictureRow]) -> None:
        """Add pictures, all or none; a batch holds at most 4,096."""
        if rows:
            with self._writing() as connection:
                places = index.file_pictures(connection, rows)
                placed = [{**vars(row), "place": place} for row, place in zip(rows, places, strict=True)]
                connection.execute(sa.insert(pictures), placed)

    def add_votes(self, given: Sequence[VoteRow]) -> int:
        """Add votes on stored pictures, all or none; returns how many are new: an id that is there already is left alone."""
        with self._writing() as connection:
            new = self._new(connection, votes, given)
            for vote in new:
                place = _place(connection, vote.picture_id)
                number = next_number(votes, vote.picture_id)
                connection.execute(sa.insert(votes).values(**vars(vote), number=number))
                index.file_votes(connection, place, _votes_on(connection, vote.picture_id))
            return len(new)

    def add_marks(self, given: Sequence[MarkRow]) -> int:
        """Add marks on stored pictures, all or none; returns how many are new, as `add_votes` does."""
        with self._writing() as connection:
            new = self._new(connection, marks, given)
            for mark in new:
                place = _place(connection, mark.picture_id)
                number = next_number(marks, mark.picture_id)
                connection.execute(sa.insert(marks).values(**vars(mark), number=number))
                index.file_mark(connection, place, mark)
                if mark.kind == "deleted":
                    index.file_votes(connection, place, _votes_on(connection, mark.picture_id))
            return len(new)

    def add_comparisons(self, given: Sequence[ComparisonRow]) -> int:
        """Add comparisons of stored pictures, all or none; returns how many are new, as `add_votes` does."""
        with self._writing() as connection:
            new = self._new(connection, comparisons, given)
            for row in new:
                _place(connection, row.left_id)
                _place(connection, row.right_id)
                comparing.add(connection, row)
            return len(new)

    def comparisons(self) -> list[ComparisonRow]:
        """The comparisons that count, the earliest first: each visitor's latest one of two pictures, undone ones left out."""
        with self._reading() as connection:
            return comparing.counting(comparing.read(connection))

    def comparison(self, comparison_id: str) -> ComparisonRow | None:
        """One comparison, undone or not; None when there is none of this id."""
        with self._reading() as connection:
            found = comparing.read(connection, comparisons.c.id == comparison_id)
        return found[0] if found else None

    def checkpoints(self, picture_ids: Sequence[str]) -> dict[str, str]:
        """Picture id -> the checkpoint that made it, as it is filed."""
        with self._reading() as connection:
            return comparing.checkpoints(connection, picture_ids)

    def add_job(self, row: JobRow) -> None:
        """Add a job at the end of the queue."""
        with self._writing() as connection:
            job_rows.add(connection, row)

    def jobs(self, place: str, states: Collection[JobState] = ()) -> list[JobRow]:
        """The jobs of a place, in these states (empty: in any), the newest first."""
        wanted = [jobs.c.place == place, *([jobs.c.state.in_(states)] if states else [])]
        with self._reading() as connection:
            return job_rows.read(connection, *wanted)

    def job(self, job_id: str) -> JobRow | None:
        """One job; None when there is none of this id."""
        with self._reading() as connection:
            found = job_rows.read(connection, jobs.c.id == job_id)
        return found[0] if found else None

    def change_job(
        self, job_id: str, states: Collection[JobState], starts: int | None = None, **changes: Any
    ) -> bool:
        """Change a job if it still is in one of `states` and in its `starts`-th run (None: in any); else False."""
        with self._writing() as connection:
            return job_rows.change(connection, job_id, states, starts, changes)

    def claim_job(self, place: str, device: Device, now: datetime) -> JobRow | None:
        """Make the oldest queued job the running one of its device, for one caller only; None when there is nothing to start."""
        with self._writing() as connection:
            return job_rows.claim(connection, place, device, now)

    def remove_job(self, job_id: str) -> bool:
        """Forget a job; False when it is running or there is none."""
        with self._writing() as connection:
            return job_rows.remove(connection, job_id)

    def add_shortlist(self, row: ShortlistRow) -> None:
        """Add a named shortlist; what belongs to it are marks of kind "shortlist"."""
        with self._writing() as connection:
            connection.execute(sa.insert(shortlists).values(**vars(row)))

    def shortlists(self) -> list[ShortlistRow]:
        """Every shortlist, the earliest first."""
        ordered = sa.select(shortlists).order_by(shortlists.c.created_at, shortlists.c.id)
        with self._reading() as connection:
            return [ShortlistRow(**row._mapping) for row in connection.execute(ordered)]

    def find(self, picture_ids: Sequence[str]) -> list[StoredPicture]:
        """The stored pictures of these ids, deleted ones as well, in this order; ids that there are not are left out."""
        with self._reading() as connection:
            found = self._stored(connection, pictures.c.id.in_(picture_ids))
        by_id = {picture.row.id: picture for _, picture in found}
        return [by_id[id] for id in dict.fromkeys(picture_ids) if id in by_id]

    def page(
        self, wanted: Filter, sort: Sort = "newest", after: str = "", limit: int = 50
    ) -> tuple[list[StoredPicture], str]:
        """At most `limit` pictures that fit, and what to give as `after` for those that follow ("" at the end).

        "newest" begins with the newest batch, in its order, "oldest" with the oldest one, "rated" with the latest vote.
        """
        with self._reading() as connection:
            known = self._known(connection, wanted)
            if known is None:
                return [], ""
            chosen = connection.execute(matching(wanted, known, sort, after, limit + 1)).all()
            following = (
                cursor(chosen[limit - 1].place, chosen[limit - 1].rated, sort) if chosen[limit:] else ""
            )
            places = [row.place for row in chosen[:limit]]
            found = dict(self._stored(connection, pictures.c.place.in_(places)))
            return [found[place] for place in places], following

    def counts(self, wanted: Filter | None = None) -> dict[Rated, int]:
        """How many pictures fit, whatever `wanted.rated` is: all, liked, disliked, unrated; of deleted ones only all."""
        wanted = replace(wanted or Filter(), rated="all")
        ratings: tuple[Rated, ...] = ("liked", "disliked", "unrated")
        counts: dict[Rated, int] = dict.fromkeys(("all", *ratings), 0)
        with self._reading() as connection:
            known = self._known(connection, wanted)
            if known is None:
                return counts
            ids = index.facet_ids(connection, [("rated", rating) for rating in ratings])
            if wanted.deleted:
                return counts | {"all": known.rarest}
            found = {row[0]: row[1] for row in connection.execute(counted(wanted, known, list(ids.values())))}
        for (_, rating), id in ids.items():
            counts[rating] = found.get(id, 0)  # type: ignore[index]
        return counts | {"all": sum(counts.values())}

    def choices(self) -> dict[str, list[str]]:
        """What can be filtered by: kind of facet -> the values that any picture has."""
        used = sa.exists().where(filed.c.facet == facets.c.id)
        ordered = sa.select(facets).where(used).order_by(facets.c.kind, facets.c.value)
        result: dict[str, list[str]] = {}
        with self._reading() as connection:
            for row in connection.execute(ordered):
                result.setdefault(row.kind, []).append(row.value)
        return result

    def tallies(self, since: datetime | None = None, until: datetime | None = None) -> Tallies:
        """Votes and pictures counted, from `since` on and before `until`."""
        with self._reading() as connection:
            return tally(connection, since, until)

    def history(self, visitor: str, limit: int) -> list[StoredPicture]:
        """What a visitor made last and nobody deleted, the newest batch first, in order within."""
        own = sa.select(pictures.c.place).where(pictures.c.visitor == visitor)
        with self._reading() as connection:
            shown = index.facet_ids(connection, [("shown", "")]).get(("shown", ""))
            is_shown = sa.exists().where(filed.c.facet == shown, filed.c.place == pictures.c.place)
            # By batch, not by place: the index on visitor and batch gives this order.
            newest = own.where(is_shown).order_by(pictures.c.batch.desc(), pictures.c.position).limit(limit)
            places = list(connection.scalars(newest))
            found = dict(self._stored(connection, pictures.c.place.in_(places)))
            return [found[place] for place in places]

    def votes(self, picture_id: str) -> list[VoteRow]:
        """Every vote on a picture, the earliest first, undone ones and undos as well."""
        with self._reading() as connection:
            return _votes_on(connection, picture_id)

    def vote(self, vote_id: str) -> VoteRow | None:
        """One vote; None when there is none of this id."""
        with self._reading() as connection:
            found = connection.execute(sa.select(votes).where(votes.c.id == vote_id)).first()
        return vote_row(found._mapping) if found else None

    def size_of_batch(self, batch: str) -> int:
        """How many pictures of the batch are stored."""
        with self._reading() as connection:
            count = sa.select(sa.func.count()).select_from(pictures).where(pictures.c.batch == batch)
            return connection.scalar(count) or 0

    def cherished(self) -> set[str]:
        """The ids of the pictures whose files must stay: voted on or marked, and not deleted."""
        with self._reading() as connection:
            gone = index.facet_ids(connection, [("deleted", "")]).get(("deleted", ""), 0)
            deleted = sa.exists().where(filed.c.place == pictures.c.place, filed.c.facet == gone)
            touched = sa.union(sa.select(votes.c.picture_id), sa.select(marks.c.picture_id))
            chosen = sa.select(pictures.c.id).where(pictures.c.id.in_(touched), ~deleted)
            return set(connection.scalars(chosen))

    def back_up(self, target: Path) -> None:
        """Copy the whole SQLite database into one file, while others go on writing."""
        back_up(self._url, target)

    def close(self) -> None:
        """Close all connections; the next call opens the database again."""
        with self._opening:
            if self._opened is not None:
                self._opened.dispose()
                self._opened = None

    @staticmethod
    def _new(connection: Connection, table: sa.Table, given: Sequence[Any]) -> list[Any]:
        """Those rows whose ids are not in the table, each once."""
        by_id = {row.id: row for row in reversed(given)}
        known = set(connection.scalars(sa.select(table.c.id).where(table.c.id.in_(by_id))))
        return [row for row in given if row.id not in known and by_id[row.id] is row]

    @staticmethod
    def _known(connection: Connection, wanted: Filter) -> Known | None:
        """The filter's facets; None when there is one that no picture ever had."""
        asked = wanted.facets()
        ids = index.facet_ids(connection, asked)
        if len(ids) < len(set(asked)):
            return None
        many = sa.select(filed.c.facet, sa.func.count()).where(filed.c.facet.in_(ids.values()))
        size = dict.fromkeys(ids.values(), 0)
        size |= {row[0]: row[1] for row in connection.execute(many.group_by(filed.c.facet))}
        return Known(sorted(size, key=lambda id: size[id]), min(size.values()))

    @staticmethod
    def _stored(connection: Connection, chosen: sa.ColumnElement[bool]) -> list[tuple[int, StoredPicture]]:
        """The chosen pictures with what counts now, in no order, each after its place."""
        joined = sa.select(pictures, votes).select_from(
            pictures.outerjoin(votes, votes.c.id == pictures.c.current)
        )
        found = [row._mapping for row in connection.execute(joined.where(chosen))]
        by_id: dict[str, dict[tuple[str, str], bool]] = {row[pictures.c.id]: {} for row in found}
        ordered = sa.select(marks).where(marks.c.picture_id.in_(by_id)).order_by(marks.c.number)
        for mark in connection.execute(ordered):
            by_id[mark.picture_id][(mark.kind, mark.value)] = mark.present
        result = []
        for row in found:
            there = [facet for facet, present in by_id[row[pictures.c.id]].items() if present]
            stored = StoredPicture(
                row=picture_row(row),
                vote=vote_row(row) if row[votes.c.id] else None,
                tags=tuple(value for kind, value in there if kind == "tag"),
                shortlists=tuple(value for kind, value in there if kind == "shortlist"),
                deleted=("deleted", "") in there,
            )
            result.append((row[pictures.c.place], stored))
        return result

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with reading(self._engine()) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        # Threads queue up here: SQLite's own waiting is polling, in which some wait for seconds.
        with self._turn, writing(self._engine()) as connection:
            yield connection

    def _engine(self) -> Engine:
        with self._opening:
            if self._opened is None:
                self._opened = open_database(self._url)
            return self._opened


def _place(connection: Connection, picture_id: str) -> int:
    place = connection.scalar(sa.select(pictures.c.place).where(pictures.c.id == picture_id))
    if place is None:
        raise InvalidRequest("There is no picture with this id.")
    return place


def _votes_on(connection: Connection, picture_id: str) -> list[VoteRow]:
    ordered = sa.select(votes).where(votes.c.picture_id == picture_id).order_by(votes.c.number)
    names = [f.name for f in fields(VoteRow)]  # the table's columns begin with them, in this order
    return [VoteRow(**dict(zip(names, found, strict=False))) for found in connection.execute(ordered)]
