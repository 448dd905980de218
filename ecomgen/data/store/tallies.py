"""What reviewers think, counted in the database. Deleted pictures count nowhere; of one visitor's votes on a picture, the latest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ecomgen.data.store.filters import Facet
from ecomgen.data.store.tables import facets, filed, pictures, prompts, votes

_BETWEEN = "; "  # as tables.py keeps several reasons
_DAY = len("2026-11-24")


@dataclass(frozen=True, kw_only=True)
class Tallies:
    """Counts of votes given, and of pictures made, in one period.

    `days`: day (UTC) -> votes up and down; `reasons`: reason -> votes down that name it; `agreeing`: (up, down) -> pictures
    that so many visitors judged so, two or more; `judged`: facet -> pictures whose rating that counts is up, and down;
    `all_judged`: the same of all pictures; `made`: facet -> pictures.
    """

    days: Mapping[date, tuple[int, int]] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    agreeing: Mapping[tuple[int, int], int] = field(default_factory=dict)
    judged: Mapping[Facet, tuple[int, int]] = field(default_factory=dict)
    all_judged: tuple[int, int] = (0, 0)
    made: Mapping[Facet, int] = field(default_factory=dict)


def tally(connection: Connection, since: datetime | None, until: datetime | None) -> Tallies:
    """Count from `since` on and before `until`; None leaves that end open."""
    named = sa.or_(facets.c.kind == "model", facets.c.kind.startswith("is ", autoescape=True))
    found = connection.execute(sa.select(facets.c.id, facets.c.kind, facets.c.value).where(named))
    names: dict[int, Facet] = {row.id: (row.kind, row.value) for row in found}
    deleted = sa.select(facets.c.id).where(facets.c.kind == "deleted", facets.c.value == "")
    gone = connection.scalar(deleted) or 0
    days, reasons = _votes(connection, since, until, gone)
    all_judged, judged = _judged(connection, names, since, until)
    return Tallies(
        days=days,
        reasons=reasons,
        agreeing=_agreeing(connection, since, until, gone),
        judged=judged,
        all_judged=all_judged,
        made=_made(connection, names, since, until, gone),
    )


def _standing(since: datetime | None, until: datetime | None, gone: int) -> sa.CTE:
    """Each visitor's latest vote on each picture that was not undone, where it says up or down."""
    undone = sa.select(votes.c.undoes).where(votes.c.undoes != "")
    deleted = sa.select(pictures.c.id).join(filed, filed.c.place == pictures.c.place)
    order = sa.func.row_number().over(
        partition_by=(votes.c.picture_id, votes.c.visitor), order_by=votes.c.number.desc()
    )
    own = (votes.c.picture_id, votes.c.liked, votes.c.reasons, votes.c.created_at)
    ranked = (
        sa.select(*own, order.label("turn"))
        .where(votes.c.undoes == "", votes.c.id.not_in(undone))
        .where(votes.c.picture_id.not_in(deleted.where(filed.c.facet == gone)))
        .cte("ranked")
    )
    chosen = sa.select(ranked).where(ranked.c.turn == 1, ranked.c.liked.is_not(None))
    return chosen.where(*_within(ranked.c.created_at, since, until)).cte("standing")


def _within(moment: Any, since: Any, until: Any) -> list[sa.ColumnElement[bool]]:
    from_then = [moment >= since] if since is not None else []
    return from_then + ([moment < until] if until is not None else [])


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0))


def _votes(
    connection: Connection, since: datetime | None, until: datetime | None, gone: int
) -> tuple[dict[date, tuple[int, int]], dict[str, int]]:
    """The votes by day, and the votes down by reason."""
    standing = _standing(since, until, gone)
    day = sa.func.date(standing.c.created_at)  # text in SQLite, a date in PostgreSQL
    together = sa.cast(standing.c.reasons, sa.Text)  # as it stands: a vote may name several
    groups = day, standing.c.liked, together
    days: dict[date, tuple[int, int]] = {}
    reasons: dict[str, int] = {}
    for when, liked, several, count in connection.execute(
        sa.select(*groups, sa.func.count()).group_by(*groups)
    ):
        on = date.fromisoformat(str(when)[:_DAY])
        up, down = days.get(on, (0, 0))
        days[on] = (up + count, down) if liked else (up, down + count)
        for reason in several.split(_BETWEEN) if several and not liked else ():
            reasons[reason] = reasons.get(reason, 0) + count
    return days, reasons


def _agreeing(
    connection: Connection, since: datetime | None, until: datetime | None, gone: int
) -> dict[tuple[int, int], int]:
    standing = _standing(since, until, gone)
    up, down = _count(standing.c.liked).label("up"), _count(~standing.c.liked).label("down")
    each = sa.select(up, down).group_by(standing.c.picture_id).having(sa.func.count() > 1).subquery()
    counted = sa.select(each.c.up, each.c.down, sa.func.count()).group_by(each.c.up, each.c.down)
    return {(int(ups), int(downs)): count for ups, downs, count in connection.execute(counted)}


def _judged(
    connection: Connection, names: Mapping[int, Facet], since: datetime | None, until: datetime | None
) -> tuple[tuple[int, int], dict[Facet, tuple[int, int]]]:
    ups, all_up = _rated(connection, "liked", names, since, until)
    downs, all_down = _rated(connection, "disliked", names, since, until)
    each = {names[id]: (ups.get(id, 0), downs.get(id, 0)) for id in {**ups, **downs}}
    return (all_up, all_down), each


def _rated(
    connection: Connection,
    rating: str,
    names: Mapping[int, Facet],
    since: datetime | None,
    until: datetime | None,
) -> tuple[dict[int, int], int]:
    """How many pictures of this rating there are by the id of each facet, and in all. What is deleted has no rating."""
    rated = filed.alias("rated")
    of_rating = sa.select(facets.c.id).where(facets.c.kind == "rated", facets.c.value == rating)
    id = connection.scalar(of_rating) or 0
    places = sa.select(rated.c.place).where(rated.c.facet == id)
    if since is not None or until is not None:
        when = _within(pictures.c.rated, _microseconds(since), _microseconds(until))
        places = places.join(pictures, pictures.c.place == rated.c.place).where(*when)
    # IN, not a join: the list of places is made once, and looked up for each filed place in turn.
    counted = sa.select(filed.c.facet, sa.func.count()).where(filed.c.facet.in_(names))
    counted = counted.where(filed.c.place.in_(places)).group_by(filed.c.facet)
    in_all = connection.scalar(sa.select(sa.func.count()).select_from(places.subquery())) or 0
    return {row[0]: row[1] for row in connection.execute(counted)}, in_all


def _made(
    connection: Connection,
    names: Mapping[int, Facet],
    since: datetime | None,
    until: datetime | None,
    gone: int,
) -> dict[Facet, int]:
    other = filed.alias("other")
    deleted = sa.select(other.c.place).where(other.c.facet == gone)
    counted = sa.select(filed.c.facet, sa.func.count()).where(filed.c.facet.in_(names))
    if since is not None or until is not None:
        counted = counted.join(prompts, prompts.c.place == filed.c.place)
        counted = counted.where(*_within(prompts.c.made_at, since, until))
    counted = counted.where(filed.c.place.not_in(deleted)).group_by(filed.c.facet)
    return {names[id]: count for id, count in connection.execute(counted)}


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1e6)
