"""What must not be lost: every picture's recipe and every vote, in SQLite by default, in PostgreSQL by URL.

Rows are only ever added. A changed mind is a new vote; a picture's latest vote counts.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Dialect, Engine, make_url
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ecomgen.errors import StoreError

Rated = Literal["all", "liked", "disliked", "unrated"]

_BUSY_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class PictureRow:
    """One generated picture: everything that makes it again, and the name of its file."""

    id: str
    batch: str
    position: int
    prompt: str
    language: str
    parsed: dict[str, Any]
    attributes: dict[str, str | None]
    seed: int
    psi: float
    variation: float
    variation_seed: int
    model: str
    model_hash: str
    file: str
    created_at: datetime
    visitor: str
    latent: str = ""
    origin: str = ""


@dataclass(frozen=True, kw_only=True)
class VoteRow:
    """One thumb: `liked` None takes the earlier vote back."""

    id: str
    picture_id: str
    liked: bool | None
    reason: str
    comment: str
    visitor: str
    created_at: datetime


class _UTC(sa.TypeDecorator[datetime]):
    """Aware datetimes in Python, naive UTC in the database: SQLite keeps no time zones."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


_COLUMN_TYPES: Mapping[str, type[sa.types.TypeEngine[Any]]] = {
    "position": sa.Integer,
    "parsed": sa.JSON,
    "attributes": sa.JSON,
    "seed": sa.BigInteger,
    "psi": sa.Double,
    "variation": sa.Double,
    "variation_seed": sa.BigInteger,
    "created_at": _UTC,
    "liked": sa.Boolean,
}


def _columns(row: type) -> list[sa.Column[Any]]:
    return [sa.Column(f.name, _COLUMN_TYPES.get(f.name, sa.Text)) for f in fields(row)]


_metadata = sa.MetaData()
_pictures = sa.Table("pictures", _metadata, *_columns(PictureRow))
_votes = sa.Table("votes", _metadata, *_columns(VoteRow), sa.Column("number", sa.Integer))

# Append only: what has run somewhere is never edited. Plain SQL that SQLite and PostgreSQL both take.
# votes.number counts the votes on one picture, so that the latest is certain even when a clock steps back.
_MIGRATIONS: Sequence[Sequence[str]] = (
    (
        """CREATE TABLE pictures (
            id VARCHAR(32) PRIMARY KEY, batch VARCHAR(32) NOT NULL, position INTEGER NOT NULL,
            prompt TEXT NOT NULL, language VARCHAR(8) NOT NULL,
            parsed JSON NOT NULL, attributes JSON NOT NULL,
            seed BIGINT NOT NULL, psi DOUBLE PRECISION NOT NULL, variation DOUBLE PRECISION NOT NULL,
            variation_seed BIGINT NOT NULL, model TEXT NOT NULL, model_hash TEXT NOT NULL, file TEXT NOT NULL,
            created_at TIMESTAMP NOT NULL, visitor VARCHAR(64) NOT NULL)""",
        "CREATE INDEX pictures_newest ON pictures (batch, position)",
        "CREATE INDEX pictures_visitor ON pictures (visitor, batch)",
        """CREATE TABLE votes (
            id VARCHAR(32) PRIMARY KEY, picture_id VARCHAR(32) NOT NULL REFERENCES pictures (id),
            number INTEGER NOT NULL, liked BOOLEAN, reason TEXT NOT NULL, comment TEXT NOT NULL,
            visitor VARCHAR(64) NOT NULL, created_at TIMESTAMP NOT NULL, UNIQUE (picture_id, number))""",
    ),
    (
        "ALTER TABLE pictures ADD COLUMN latent TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE pictures ADD COLUMN origin TEXT NOT NULL DEFAULT ''",
    ),
)


class Store:
    """The feedback database. Opened and migrated on first use; safe from many threads and processes.

    A method that adds rows returns only after they are committed to disk. Raises StoreError, one sentence.
    """

    def __init__(self, url: str) -> None:
        """`url` is a SQLAlchemy URL, e.g. sqlite:////home/me/feedback.db; nothing is touched yet."""
        self._url = url
        self._opening = Lock()
        self._opened: Engine | None = None

    def add_pictures(self, rows: Sequence[PictureRow]) -> None:
        """Add one batch of pictures, all or none."""
        if rows:
            with self._writing() as connection:
                connection.execute(sa.insert(_pictures), [asdict(row) for row in rows])

    def add_vote(self, vote: VoteRow) -> bool:
        """Add a vote on a stored picture; False when this vote id was added before (then nothing changes)."""
        earlier = sa.select(sa.func.coalesce(sa.func.max(_votes.c.number), 0) + 1)
        next_number = earlier.where(_votes.c.picture_id == vote.picture_id).scalar_subquery()
        for attempt in range(5):
            try:
                with self._writing() as connection:
                    if connection.scalar(sa.select(_votes.c.id).where(_votes.c.id == vote.id)) is not None:
                        return False
                    connection.execute(sa.insert(_votes).values(**asdict(vote), number=next_number))
                    return True
            except StoreError as error:
                # Two voters took the same number at once (PostgreSQL; SQLite has one writer): try again.
                if attempt == 4 or not isinstance(error.__cause__, IntegrityError):
                    raise
        raise AssertionError("unreachable")

    def picture(self, picture_id: str) -> tuple[PictureRow, VoteRow | None] | None:
        """A picture and its latest vote; None when there is no such picture."""
        with self._reading() as connection:
            row = connection.execute(self._latest().where(_pictures.c.id == picture_id)).first()
        return _pair(row) if row else None

    def pictures(
        self, offset: int = 0, limit: int = 50, rated: Rated = "all", visitor: str | None = None
    ) -> list[tuple[PictureRow, VoteRow | None]]:
        """Pictures with their latest votes, newest batch first, in their order within a batch."""
        chosen = self._latest().where(*_RATED[rated]).order_by(_pictures.c.batch.desc(), _pictures.c.position)
        if visitor is not None:
            chosen = chosen.where(_pictures.c.visitor == visitor)
        with self._reading() as connection:
            return [_pair(row) for row in connection.execute(chosen.offset(offset).limit(limit))]

    def votes(self, picture_id: str) -> list[VoteRow]:
        """Every vote on a picture, the earliest first."""
        chosen = sa.select(_votes).where(_votes.c.picture_id == picture_id).order_by(_votes.c.number)
        with self._reading() as connection:
            return [_vote_row(row._mapping) for row in connection.execute(chosen)]

    def counts(self) -> dict[Rated, int]:
        """How many pictures there are in each group of `pictures(rated=...)`."""
        latest = self._latest().subquery()
        liked = latest.c.liked
        with self._reading() as connection:
            total, likes, dislikes = connection.execute(
                sa.select(
                    sa.func.count(),
                    sa.func.count(sa.case((liked.is_(True), 1))),
                    sa.func.count(sa.case((liked.is_(False), 1))),
                ).select_from(latest)
            ).one()
        return {"all": total, "liked": likes, "disliked": dislikes, "unrated": total - likes - dislikes}

    def size_of_batch(self, batch: str) -> int:
        """How many pictures of the batch are stored."""
        with self._reading() as connection:
            count = sa.select(sa.func.count()).select_from(_pictures).where(_pictures.c.batch == batch)
            return connection.scalar(count) or 0

    def voted(self) -> set[str]:
        """The ids of all pictures that ever had a vote."""
        with self._reading() as connection:
            return set(connection.scalars(sa.select(_votes.c.picture_id).distinct()))

    def close(self) -> None:
        """Close all connections; the next call opens the database again."""
        with self._opening:
            if self._opened is not None:
                self._opened.dispose()
                self._opened = None

    @staticmethod
    def _latest() -> sa.Select[Any]:
        """Every picture joined with its latest vote; the vote's columns that clash are named vote_..."""
        later = _votes.alias("later")
        theirs = later.c.picture_id == _pictures.c.id
        newest = sa.select(sa.func.max(later.c.number)).where(theirs).scalar_subquery()
        columns = [c.label(f"vote_{c.name}") if c.name in _pictures.c else c for c in _votes.c]
        same = sa.and_(_votes.c.picture_id == _pictures.c.id, _votes.c.number == newest)
        return sa.select(_pictures, *columns).select_from(_pictures.outerjoin(_votes, same))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _one_sentence(), self._engine().connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _one_sentence(), self._engine().execution_options(ecomgen_writes=True).begin() as connection:
            yield connection

    def _engine(self) -> Engine:
        with self._opening:
            if self._opened is None:
                self._opened = _open(self._url)
            return self._opened


_RATED: Mapping[Rated, Sequence[sa.ColumnElement[bool]]] = {
    "all": (),
    "liked": (_votes.c.liked.is_(True),),
    "disliked": (_votes.c.liked.is_(False),),
    "unrated": (_votes.c.liked.is_(None),),
}


def _picture_row(row: Mapping[Any, Any]) -> PictureRow:
    return PictureRow(**{f.name: row[f.name] for f in fields(PictureRow)})


def _vote_row(row: Mapping[Any, Any]) -> VoteRow:
    names = [f.name for f in fields(VoteRow)]
    return VoteRow(**{name: row[f"vote_{name}" if f"vote_{name}" in row else name] for name in names})


def _pair(row: sa.Row[Any]) -> tuple[PictureRow, VoteRow | None]:
    found = row._mapping
    return _picture_row(found), None if found["vote_id"] is None else _vote_row(found)


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Turn what goes wrong inside into a StoreError of one sentence, without the URL and its password."""
    try:
        yield
    except (SQLAlchemyError, OSError, ValueError, OverflowError) as error:
        reason = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0].rstrip(".")
        raise StoreError(f"The feedback database cannot be used: {reason}.") from error


def _open(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except SQLAlchemyError as error:
        raise StoreError("The database URL is not like sqlite:////home/me/feedback.db.") from error
    try:
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else sa.create_engine(parsed)
    except ModuleNotFoundError as error:
        raise StoreError(f"The database needs the Python package {error.name}.") from error
    try:
        with engine.execution_options(ecomgen_writes=True).begin() as connection:
            _migrate(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _sqlite(url: URL) -> Engine:
    """An engine whose commits survive a power cut, and whose writers wait for each other."""
    if url.database and url.database != ":memory:":
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


def _migrate(connection: Connection) -> None:
    """Bring the database to the newest version; whoever comes second waits and finds it done."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(20250918)")
    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)")
    done = connection.exec_driver_sql("SELECT COALESCE(MAX(version), 0) FROM schema_version").scalar_one()
    if done > len(_MIGRATIONS):
        raise StoreError("The feedback database was made by a newer ecomgen; upgrade ecomgen to open it.")
    for version, statements in enumerate(_MIGRATIONS[done:], start=done + 1):
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"INSERT INTO schema_version (version) VALUES ({version})")
