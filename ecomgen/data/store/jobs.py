"""Jobs in the database: the queue, and changes that only one of several apps can make."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ecomgen.data.store.rows import Device, JobRow, JobState
from ecomgen.data.store.tables import jobs


def add(connection: Connection, row: JobRow) -> None:
    """Add a job at the end of the queue."""
    last = sa.select(sa.func.coalesce(sa.func.max(jobs.c.number), 0) + 1).scalar_subquery()
    connection.execute(sa.insert(jobs).values(**vars(row), number=last))


def read(connection: Connection, *wanted: sa.ColumnElement[bool]) -> list[JobRow]:
    """Those jobs, the newest first."""
    columns = [jobs.c[f.name] for f in fields(JobRow)]
    ordered = sa.select(*columns).where(*wanted).order_by(jobs.c.number.desc())
    return [JobRow(**row._mapping) for row in connection.execute(ordered)]


def change(
    connection: Connection, id: str, states: Collection[JobState], starts: int | None, changes: dict[str, Any]
) -> bool:
    """Change a job if it still is in one of these states, and (unless None) in its `starts`-th run; False when it is not."""
    still = [jobs.c.id == id, jobs.c.state.in_(states)]
    still += [] if starts is None else [jobs.c.starts == starts]
    return connection.execute(sa.update(jobs).where(*still).values(**changes)).rowcount == 1


def claim(connection: Connection, place: str, device: Device, now: datetime) -> JobRow | None:
    """Turn the oldest queued job of a device into the running one; None when there is none or one runs already."""
    here = jobs.c.place == place, jobs.c.device == device
    running = sa.select(jobs.c.id).where(*here, jobs.c.state == "running")
    if connection.scalar(running.limit(1)) is not None:
        return None
    queued = sa.select(jobs.c.id).where(*here, jobs.c.state == "queued").order_by(jobs.c.number).limit(1)
    id = connection.scalar(queued)
    if id is None:
        return None
    started = {"state": "running", "asked": "", "asked_at": None, "handle": "", "reason": ""}
    times = {"started_at": now, "ended_at": None, "starts": jobs.c.starts + 1}
    connection.execute(sa.update(jobs).where(jobs.c.id == id).values(**started, **times))
    return read(connection, jobs.c.id == id)[0]


def remove(connection: Connection, id: str) -> bool:
    """Forget a job that is not running."""
    gone = sa.delete(jobs).where(jobs.c.id == id, jobs.c.state != "running")
    return connection.execute(gone).rowcount == 1
