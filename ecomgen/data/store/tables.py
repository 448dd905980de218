"""The tables as SQLAlchemy knows them; migrations.py makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from ecomgen.data.store.rows import ComparisonRow, JobRow, MarkRow, PictureRow, ShortlistRow, VoteRow

_BETWEEN = "; "  # no reason contains it


class _UTC(sa.TypeDecorator[datetime]):
    """Aware datetimes in Python, naive UTC in the database: SQLite keeps no time zones."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


class _Several(sa.TypeDecorator[tuple[str, ...]]):
    """A few short texts in one column."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str:
        return _BETWEEN.join(value or ())

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple(filter(None, (value or "").split(_BETWEEN)))


_TYPES: Mapping[str, type[sa.types.TypeEngine[Any]]] = {
    "position": sa.Integer,
    "parsed": sa.JSON,
    "attributes": sa.JSON,
    "seed": sa.BigInteger,
    "psi": sa.Double,
    "variation": sa.Double,
    "variation_seed": sa.BigInteger,
    "created_at": _UTC,
    "asked_at": _UTC,
    "started_at": _UTC,
    "ended_at": _UTC,
    "starts": sa.Integer,
    "kills": sa.Integer,
    "liked": sa.Boolean,
    "present": sa.Boolean,
    "reasons": _Several,
}


def _columns(row: type) -> list[sa.Column[Any]]:
    return [sa.Column(f.name, _TYPES.get(f.name, sa.Text)) for f in fields(row)]


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger)


metadata = sa.MetaData()

# place: the order of the pictures, the newest batch highest; current: the id of the vote that counts;
# rated: when that vote came, in microseconds, 0 without one.
pictures = sa.Table(
    "pictures",
    metadata,
    *_columns(PictureRow),
    _integer("place"),
    sa.Column("current", sa.Text),
    _integer("rated"),
)
# number counts the votes (or marks) on one picture, so that the latest is certain even when a clock steps back.
votes = sa.Table("votes", metadata, *_columns(VoteRow), _integer("number"))
marks = sa.Table("marks", metadata, *_columns(MarkRow), _integer("number"))
shortlists = sa.Table("shortlists", metadata, *_columns(ShortlistRow))
# number counts all comparisons, for the same reason.
comparisons = sa.Table("comparisons", metadata, *_columns(ComparisonRow), _integer("number"))
# number is the order of the queue.
jobs = sa.Table("jobs", metadata, *_columns(JobRow), _integer("number"))

# What pictures are found by, derived from the tables above: `filed` lists the places that show a facet, `prompts` is
# narrow so that reading all of it is quick.
facets = sa.Table("facets", metadata, _integer("id"), sa.Column("kind", sa.Text), sa.Column("value", sa.Text))
filed = sa.Table("filed", metadata, _integer("facet"), _integer("place"))
prompts = sa.Table(
    "prompts", metadata, _integer("place"), sa.Column("made_at", _UTC), sa.Column("words", sa.Text)
)


def picture_row(found: Mapping[Any, Any]) -> PictureRow:
    """The picture in a row of `pictures`, alone or joined with others."""
    return PictureRow(**{f.name: found[pictures.c[f.name]] for f in fields(PictureRow)})


def vote_row(found: Mapping[Any, Any]) -> VoteRow:
    """The vote in a row of `votes`, alone or joined with others."""
    return VoteRow(**{f.name: found[votes.c[f.name]] for f in fields(VoteRow)})


def next_number(table: sa.Table, picture_id: str) -> sa.ScalarSelect[Any]:
    """The next number of a vote or a mark on a picture."""
    top = sa.select(sa.func.coalesce(sa.func.max(table.c.number), 0) + 1)
    return top.where(table.c.picture_id == picture_id).scalar_subquery()
