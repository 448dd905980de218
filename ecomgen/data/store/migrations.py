"""How the database came to be, step by step. Append only: what has run somewhere is never edited."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.engine import Connection

from ecomgen.data.store import index
from ecomgen.errors import StoreError

# Plain SQL that SQLite and PostgreSQL both take, but for these words: SQLite finds rows fastest by an INTEGER PRIMARY KEY.
_WORDS = {
    "sqlite": {"int64": "INTEGER", "clustered": "WITHOUT ROWID"},
    "postgresql": {"int64": "BIGINT", "clustered": ""},
}

Step = str | Callable[[Connection], None]

MIGRATIONS: Sequence[Sequence[Step]] = (
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
    (
        # Several reasons stand in the same column, so an earlier single one stays what it is.
        "ALTER TABLE votes RENAME COLUMN reason TO reasons",
        "ALTER TABLE votes ADD COLUMN reviewer TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE votes ADD COLUMN undoes VARCHAR(32) NOT NULL DEFAULT ''",
        "ALTER TABLE pictures ADD COLUMN place {int64}",
        "ALTER TABLE pictures ADD COLUMN current VARCHAR(32)",
        "ALTER TABLE pictures ADD COLUMN rated {int64} NOT NULL DEFAULT 0",
        "CREATE UNIQUE INDEX pictures_place ON pictures (place)",
        "CREATE INDEX pictures_rated ON pictures (rated, place)",
        """CREATE TABLE marks (
            id VARCHAR(32) PRIMARY KEY, picture_id VARCHAR(32) NOT NULL REFERENCES pictures (id),
            number INTEGER NOT NULL, kind VARCHAR(16) NOT NULL, value TEXT NOT NULL, present BOOLEAN NOT NULL,
            visitor VARCHAR(64) NOT NULL, created_at TIMESTAMP NOT NULL, UNIQUE (picture_id, number))""",
        """CREATE TABLE shortlists (
            id VARCHAR(32) PRIMARY KEY, name TEXT NOT NULL, visitor VARCHAR(64) NOT NULL,
            created_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE facets (
            id INTEGER PRIMARY KEY, kind VARCHAR(80) NOT NULL, value TEXT NOT NULL, UNIQUE (kind, value))""",
        """CREATE TABLE filed (
            facet INTEGER NOT NULL, place {int64} NOT NULL, PRIMARY KEY (facet, place)) {clustered}""",
        "CREATE TABLE prompts (place {int64} PRIMARY KEY, made_at TIMESTAMP NOT NULL, words TEXT NOT NULL)",
        index.file_everything,
    ),
    (
        """CREATE TABLE comparisons (
            id VARCHAR(32) PRIMARY KEY, number INTEGER NOT NULL UNIQUE,
            left_id VARCHAR(32) NOT NULL REFERENCES pictures (id),
            right_id VARCHAR(32) NOT NULL REFERENCES pictures (id), winner VARCHAR(8) NOT NULL,
            visitor VARCHAR(64) NOT NULL, reviewer TEXT NOT NULL, created_at TIMESTAMP NOT NULL,
            undoes VARCHAR(32) NOT NULL DEFAULT '')""",
    ),
    (
        """CREATE TABLE jobs (
            id VARCHAR(32) PRIMARY KEY, number INTEGER NOT NULL UNIQUE, title TEXT NOT NULL,
            device VARCHAR(8) NOT NULL, visitor VARCHAR(64) NOT NULL, place VARCHAR(32) NOT NULL,
            state VARCHAR(16) NOT NULL, asked VARCHAR(8) NOT NULL, handle TEXT NOT NULL,
            starts INTEGER NOT NULL, kills INTEGER NOT NULL, reason TEXT NOT NULL,
            created_at TIMESTAMP NOT NULL, asked_at TIMESTAMP, started_at TIMESTAMP, ended_at TIMESTAMP)""",
        # Whatever the code does, the database refuses a second running job on a device.
        "CREATE UNIQUE INDEX jobs_running ON jobs (place, device) WHERE state = 'running'",
    ),
)


def migrate(connection: Connection) -> None:
    """Bring the database to the newest version; whoever comes second waits and finds it done."""
    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)")
    done = connection.exec_driver_sql("SELECT COALESCE(MAX(version), 0) FROM schema_version").scalar_one()
    if done > len(MIGRATIONS):
        raise StoreError("The feedback database was made by a newer ecomgen; upgrade ecomgen to open it.")
    words = _WORDS[connection.dialect.name]
    for version, steps in enumerate(MIGRATIONS[done:], start=done + 1):
        for step in steps:
            if isinstance(step, str):
                connection.exec_driver_sql(step.format(**words))
            else:
                step(connection)
        connection.exec_driver_sql(f"INSERT INTO schema_version (version) VALUES ({version})")
