"""Databases for the store's tests: SQLite always, PostgreSQL where there is a server to start."""

import os
import socket
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest
import sqlalchemy as sa

from ecomgen.data.store import Store


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a running server's database."""
    if postgres.programs() is None:
        if os.environ.get("ECOMGEN_REQUIRE_POSTGRESQL") == "1":
            pytest.fail(postgres.MISSING)
        pytest.skip(postgres.MISSING)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not pytest's own folder: only its owner may enter that one, and the server is another user.
    folder = tempfile.TemporaryDirectory(prefix="ecomgen-postgresql-")
    with folder, postgres.server(Path(folder.name), port) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that does not exist yet (SQLite), or is empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'folder' / 'feedback.db'}"
    server = sa.make_url(request.getfixturevalue("postgresql"))
    name = f"test{uuid.uuid4().hex}"
    engine = sa.create_engine(server.set(drivername="postgresql+pg8000"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return str(server.set(database=name))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    yield opened
    opened.close()
