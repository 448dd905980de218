"""What pictures are found by: a facet is one thing that can be asked for, filed with the places of its pictures.

All of it is derived from pictures, votes and marks, and changes in the same transaction as they do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ecomgen.data.store.filters import ATTRIBUTE, Facet, checkpoint_facet
from ecomgen.data.store.rows import MarkRow, PictureRow, VoteRow, standing
from ecomgen.data.store.tables import facets, filed, picture_row, pictures, prompts, vote_row, votes
from ecomgen.errors import StoreError
from ecomgen.schema import fold

BATCH = 4096
"""Most pictures in one batch: their places stand side by side, the first one highest."""


def facet_ids(connection: Connection, wanted: Collection[Facet]) -> dict[Facet, int]:
    """The ids of those facets that there are."""
    values = {value for _, value in wanted}
    found = connection.execute(sa.select(facets).where(facets.c.value.in_(values)))
    ids = {(row.kind, row.value): row.id for row in found}
    return {facet: ids[facet] for facet in wanted if facet in ids}


def file_pictures(connection: Connection, rows: Sequence[PictureRow]) -> list[int]:
    """Give new pictures of any batches their places and file them; the caller stores the places."""
    first: dict[str, int] = {}
    for batch in dict.fromkeys(row.batch for row in rows):
        known = connection.scalar(sa.select(pictures.c.place).where(pictures.c.batch == batch).limit(1))
        highest = connection.scalar(sa.select(sa.func.max(pictures.c.place))) or 0
        top = max([highest, *first.values()])
        first[batch] = (known or top // BATCH * BATCH + BATCH) // BATCH * BATCH
    places = []
    for row in rows:
        if not 0 <= row.position < BATCH:
            raise StoreError(f"A batch holds at most {BATCH:,} pictures.")
        places.append(first[row.batch] + BATCH - 1 - row.position)
    words = [
        {"place": place, "made_at": row.created_at, "words": fold(row.prompt)}
        for place, row in zip(places, rows, strict=True)
    ]
    connection.execute(sa.insert(prompts), words)
    shown = {place: _facets(row) for place, row in zip(places, rows, strict=True)}
    _file(connection, [(place, facet) for place, those in shown.items() for facet in those])
    return places


def file_votes(connection: Connection, place: int, all_votes: Sequence[VoteRow]) -> None:
    """File a picture by all of its votes, in their order, and remember which one counts."""
    counting = standing(all_votes)
    # A comment alone, or a rating taken back, leaves what others said as it is.
    current = next((vote for vote in reversed(counting) if vote.liked is not None), None)
    rating = {True: "liked", False: "disliked", None: "unrated"}[current.liked if current else None]
    wanted: set[Facet] = {("rated", rating)} if _is_shown(connection, place) else set()
    wanted |= {("reviewer", vote.reviewer) for vote in counting if vote.reviewer}
    wanted |= {("commented", "") for vote in counting if vote.comment}
    kinds = sa.select(facets).where(facets.c.kind.in_(("rated", "reviewer", "commented")))
    ids = {(row.kind, row.value): row.id for row in connection.execute(kinds)}
    there = filed.c.place == place, filed.c.facet.in_(ids.values())
    before = set(connection.scalars(sa.select(filed.c.facet).where(*there)))
    after = {ids.get(facet) for facet in wanted}
    if before != after:  # most votes change nothing here
        connection.execute(sa.delete(filed).where(*there))
        _file(connection, [(place, facet) for facet in wanted])
    when = int(current.created_at.timestamp() * 1e6) if current else 0
    values = {"current": current.id if current else None, "rated": when}
    connection.execute(sa.update(pictures).where(pictures.c.place == place).values(values))


def file_mark(connection: Connection, place: int, mark: MarkRow) -> None:
    """File a picture by a new mark; after a deletion, or its end, its votes are to be filed again."""
    _place(connection, place, (mark.kind, mark.value), mark.present)
    if mark.kind == "deleted":
        _place(connection, place, ("shown", ""), not mark.present)


def file_everything(connection: Connection) -> None:
    """File the pictures and votes of a database that was made before there was this index."""
    ordered = sa.select(*pictures.c).order_by(pictures.c.batch, pictures.c.position)
    rows = [picture_row(found._mapping) for found in connection.execute(ordered)]
    if not rows:
        return
    places = dict(zip((row.id for row in rows), file_pictures(connection, rows), strict=True))
    keyed = sa.update(pictures).where(pictures.c.id == sa.bindparam("key")).values(place=sa.bindparam("at"))
    connection.execute(keyed, [{"key": id, "at": place} for id, place in places.items()])
    given: dict[str, list[VoteRow]] = {}
    for found in connection.execute(sa.select(votes).order_by(votes.c.picture_id, votes.c.number)):
        vote = vote_row(found._mapping)
        given.setdefault(vote.picture_id, []).append(vote)
    for picture_id, all_votes in given.items():
        file_votes(connection, places[picture_id], all_votes)


def _is_shown(connection: Connection, place: int) -> bool:
    shown = sa.select(facets.c.id).where(facets.c.kind == "shown").scalar_subquery()
    return bool(
        connection.scalar(sa.select(sa.exists().where(filed.c.facet == shown, filed.c.place == place)))
    )


def _facets(row: PictureRow) -> list[Facet]:
    """What a new picture is filed by."""
    own = [(ATTRIBUTE + name, value) for name, value in row.attributes.items() if value]
    return [("shown", ""), ("rated", "unrated"), checkpoint_facet(row.model, row.model_hash), *own]


def _place(connection: Connection, place: int, facet: Facet, present: bool) -> None:
    """File a place under a facet or take it out, whatever it was before."""
    for id in facet_ids(connection, [facet]).values():
        connection.execute(sa.delete(filed).where(filed.c.place == place, filed.c.facet == id))
    if present:
        _file(connection, [(place, facet)])


def _file(connection: Connection, entries: Iterable[tuple[int, Facet]]) -> None:
    entries = list(entries)
    wanted = dict.fromkeys(facet for _, facet in entries)
    ids = facet_ids(connection, wanted)
    new = [facet for facet in wanted if facet not in ids]
    if new:
        top = connection.scalar(sa.select(sa.func.max(facets.c.id))) or 0
        numbered = [{"id": top + i, "kind": k, "value": v} for i, (k, v) in enumerate(new, start=1)]
        connection.execute(sa.insert(facets), numbered)
        ids |= {facet: top + i for i, facet in enumerate(new, start=1)}
    if entries:
        connection.execute(sa.insert(filed), [{"facet": ids[facet], "place": at} for at, facet in entries])
