"""Comparisons of two pictures in the database: adding one, reading them, and which of them count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ecomgen.data.store.filters import checkpoint_facet
from ecomgen.data.store.rows import ComparisonRow
from ecomgen.data.store.tables import comparisons, pictures

_AT_ONCE = 1000  # databases limit how many values one query takes


def add(connection: Connection, row: ComparisonRow) -> None:
    """Add a comparison as the latest one."""
    top = sa.select(sa.func.coalesce(sa.func.max(comparisons.c.number), 0) + 1).scalar_subquery()
    connection.execute(sa.insert(comparisons).values(**vars(row), number=top))


def read(connection: Connection, *wanted: sa.ColumnElement[bool]) -> list[ComparisonRow]:
    """Those comparisons, undone ones and undos as well, the earliest first."""
    columns = [comparisons.c[f.name] for f in fields(ComparisonRow)]
    ordered = sa.select(*columns).where(*wanted).order_by(comparisons.c.number)
    return [ComparisonRow(**row._mapping) for row in connection.execute(ordered)]


def counting(rows: Sequence[ComparisonRow]) -> list[ComparisonRow]:
    """Of all comparisons, in their order, each visitor's latest one of two pictures that was not undone.

    So nobody counts twice who answers the same question again.
    """
    undone = {row.undoes for row in rows}
    latest: dict[tuple[str, frozenset[str]], ComparisonRow] = {}
    for row in rows:
        if not row.undoes and row.id not in undone:
            question = row.visitor, frozenset((row.left_id, row.right_id))
            latest.pop(question, None)
            latest[question] = row
    return list(latest.values())


def checkpoints(connection: Connection, picture_ids: Sequence[str]) -> dict[str, str]:
    """Picture id -> its checkpoint's name and the beginning of the hash; ids that there are not are left out."""
    found: dict[str, str] = {}
    for some in (picture_ids[i : i + _AT_ONCE] for i in range(0, len(picture_ids), _AT_ONCE)):
        chosen = sa.select(pictures.c.id, pictures.c.model, pictures.c.model_hash)
        rows = connection.execute(chosen.where(pictures.c.id.in_(some)))
        found |= {row.id: checkpoint_facet(row.model, row.model_hash)[1] for row in rows}
    return found
