"""Which pictures are asked for, in which order, and from where on: plain values, and the query that they make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from ecomgen.data.store.rows import Rated
from ecomgen.data.store.tables import filed, pictures, prompts
from ecomgen.errors import InvalidRequest
from ecomgen.schema import fold

Sort = Literal["newest", "oldest", "rated"]
Facet = tuple[str, str]
"""Kind and value of something that pictures are filed by, e.g. ("rated", "liked")."""

ATTRIBUTE = "is "
"""The facet of colour red is ("is colour", "red")."""

_FEW = 5000  # up to so many prompts are looked up one by one; for more, all are read
_CURSOR = re.compile(r"[0-9]{1,18}(?::[0-9]{1,18})?")


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Pictures that fit all of it; what is empty asks for nothing.

    `search` are words of the prompt; `model` is a checkpoint as `checkpoint_facet` names it; `since` is the first
    moment, `until` the first one that is too late; `deleted` shows what was deleted instead of the rest.
    """

    search: str = ""
    rated: Rated = "all"
    attributes: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    reviewer: str = ""
    commented: bool = False
    tag: str = ""
    shortlist: str = ""
    since: datetime | None = None
    until: datetime | None = None
    deleted: bool = False

    def facets(self) -> list[Facet]:
        """The facets that a picture must have, at least one. What is deleted has no rating, what has one is not deleted."""
        named = {"model": self.model, "reviewer": self.reviewer, "tag": self.tag, "shortlist": self.shortlist}
        wanted: list[Facet] = [("rated", self.rated) if self.rated != "all" else ("shown", "")]
        if self.deleted:
            wanted = [("deleted", "")]
        wanted += [("commented", "")] * self.commented
        wanted += [(kind, value) for kind, value in named.items() if value]
        return wanted + [(ATTRIBUTE + name, value) for name, value in self.attributes.items() if value]

    def of_prompts(self) -> list[sa.ColumnElement[bool]]:
        """What must hold in the table `prompts`."""
        words = [prompts.c.words.contains(word, autoescape=True) for word in fold(self.search).split()]
        since = [prompts.c.made_at >= self.since] if self.since else []
        until = [prompts.c.made_at < self.until] if self.until else []
        return [*words, *since, *until]


@dataclass(frozen=True)
class Known:
    """The facets of a filter as the database knows them: their ids, the rarest first, and how many pictures have that one."""

    ids: list[int]
    rarest: int


def checkpoint_facet(model: str, model_hash: str) -> Facet:
    """A checkpoint's name and the beginning of its hash: the same name trained anew is another one."""
    return "model", f"{model} {model_hash[:8]}".strip()


def matching(wanted: Filter, known: Known, sort: Sort, after: str, limit: int) -> sa.Select[Any]:
    """Selects `place` (and `rated`, the sort key) of the pictures that fit.

    `after` is where the last page ended, from `cursor`, or empty. Raises InvalidRequest when it is neither.
    """
    chosen: Any
    place: sa.ColumnElement[int]
    if sort == "rated":
        place, start = pictures.c.place, [pictures.c.rated > 0]
        fits = _fits(place, known.ids, wanted.of_prompts())
        chosen = sa.select(place, pictures.c.rated).order_by(pictures.c.rated.desc(), place.desc())
    else:
        place, start, fits = _base(wanted, known)
        chosen = sa.select(place, sa.literal(0).label("rated"))
        chosen = chosen.order_by(place if sort == "oldest" else place.desc())
    chosen = chosen.where(*start, *fits)
    if after:
        if not _CURSOR.fullmatch(after) or (":" in after) != (sort == "rated"):
            raise InvalidRequest("The list has changed; please begin at its first page.")
        at, _, when = after.partition(":")
        if sort == "rated":
            rated, earlier = pictures.c.rated, int(when)
            chosen = chosen.where(rated <= earlier, sa.or_(rated < earlier, place < int(at)))
        else:
            chosen = chosen.where(place > int(at) if sort == "oldest" else place < int(at))
    return chosen.limit(limit)


def counted(wanted: Filter, known: Known, ratings: list[int]) -> sa.Select[Any]:
    """Selects how many pictures fit for each of the facets `ratings` that has any."""
    rating = filed.alias("rating")
    count = (
        sa.select(rating.c.facet, sa.func.count()).where(rating.c.facet.in_(ratings)).group_by(rating.c.facet)
    )
    if wanted == Filter():
        return count
    place, start, fits = _base(wanted, known)
    return count.where(rating.c.place == place, *start, *fits)


def cursor(place: int, rated: int, sort: Sort) -> str:
    """Where a page ended."""
    return f"{place}:{rated}" if sort == "rated" else str(place)


_Conditions = list[sa.ColumnElement[bool]]


def _base(wanted: Filter, known: Known) -> tuple[sa.ColumnElement[int], _Conditions, _Conditions]:
    """Where to read from, in the order of places: the column, what chooses its rows, and what else must hold."""
    of_prompts = wanted.of_prompts()
    if of_prompts and known.rarest > _FEW:
        return prompts.c.place, of_prompts, _fits(prompts.c.place, known.ids, [])
    base = filed.alias("base")
    fits = _fits(base.c.place, known.ids[1:], of_prompts)
    return base.c.place, [base.c.facet == known.ids[0]], fits


def _fits(place: sa.ColumnElement[int], ids: list[int], of_prompts: _Conditions) -> _Conditions:
    # EXISTS keeps the first table the outermost one, so that the order comes from its index and a page ends early.
    conditions: _Conditions = []
    for number, id in enumerate(ids):
        other = filed.alias(f"other{number}")
        conditions.append(sa.exists().where(other.c.facet == id, other.c.place == place))
    if of_prompts:
        conditions.append(sa.exists().where(prompts.c.place == place, *of_prompts))
    return conditions
