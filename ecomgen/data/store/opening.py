"""Opening a database so that what was committed stays: engines for SQLite and PostgreSQL, errors in one sentence, backups."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from ecomgen.data.store.migrations import migrate
from ecomgen.errors import StoreError

_BUSY_SECONDS = 10.0
_WRITERS = 20250918  # the lock that PostgreSQL's writers take; any number that nobody else uses


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn what goes wrong inside into a StoreError of one sentence, without the URL and its password."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, ValueError, OverflowError) as error:
        cause = getattr(error, "orig", None) or (
            error if isinstance(error, sqlite3.Error | OSError) else None
        )
        told = cause.args[0] if cause and cause.args else type(error).__name__
        told = (
            told.get("M", "it refused") if isinstance(told, dict) else str(cause or told)
        )  # pg8000 gives a dict
        reason = (told.strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise StoreError(f"The feedback database cannot be used: {reason}.") from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database."""
    with one_sentence(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction, on disk once this ends. One writer at a time in either database: numbers are counted up without races."""
    with one_sentence(), engine.execution_options(ecomgen_writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
        yield connection


def open_database(url: str) -> Engine:
    """An engine for the database at `url`, made and migrated where needed. Raises StoreError."""
    parsed = _parsed(url)
    try:
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    except ModuleNotFoundError as error:
        raise StoreError(f"The database needs the Python package {error.name}.") from error
    try:
        with writing(engine) as connection:
            migrate(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


def back_up(url: str, target: Path) -> None:
    """Copy the SQLite database at `url` to the file `target`, checked and all at once, while others go on writing.

    Raises StoreError, also for PostgreSQL, whose own pg_dump does this.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise StoreError("Only a SQLite database is backed up by ecomgen; for PostgreSQL use pg_dump.")
    if not Path(parsed.database).is_file():
        raise StoreError("There is no feedback database yet, so there is nothing to back up.")
    with one_sentence():
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
        os.close(handle)
        try:
            database = sqlite3.connect(parsed.database, timeout=_BUSY_SECONDS)
            with closing(database) as source, closing(sqlite3.connect(temporary)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                    raise StoreError("The copy of the feedback database is damaged, so it was not kept.")
            with open(temporary, "rb") as written:
                os.fsync(written.fileno())
            os.replace(temporary, target)
        finally:
            Path(temporary).unlink(missing_ok=True)


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except SQLAlchemyError as error:
        raise StoreError("The database URL is not like sqlite:////home/me/feedback.db.") from error


def _postgresql(url: URL) -> Engine:
    if url.get_backend_name() != "postgresql":
        raise StoreError("The database is SQLite or PostgreSQL.")
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+pg8000")
    return sa.create_engine(url, pool_pre_ping=True)  # a restarted server is met with a new connection


def _sqlite(url: URL) -> Engine:
    """An engine whose commits survive a power cut, and whose writers wait for each other."""
    if url.database and url.database != ":memory:":
        with one_sentence():
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, below
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        _use_wal(connection)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once when another wrote in between; so
        # writers queue up at their first statement.
        writes = connection.get_execution_options().get("ecomgen_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; SQLite's busy timeout does not cover the switch, so wait here."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
