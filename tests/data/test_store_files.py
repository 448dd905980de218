"""What is SQLite's own: the file, its durability, its backup; and URLs that cannot be opened."""

import sqlite3
from threading import Event, Thread

import pytest
from stored import picture, vote

from ecomgen.data.store import Store
from ecomgen.errors import StoreError


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'new' / 'folder' / 'feedback.db'}"


def test_nothing_is_touched_before_the_first_call(tmp_path, url):
    Store(url)
    assert not (tmp_path / "new").exists()


def test_the_database_is_durable(store):
    store.add_pictures([picture()])
    with store._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() >= 5000


def test_a_backup_is_whole_while_others_vote(store, tmp_path):
    row, stop = picture(), Event()
    store.add_pictures([row])
    voted: list[str] = []

    def voting():
        while not stop.is_set():
            one = vote(row.id)
            store.add_votes([one])
            voted.append(one.id)

    voter = Thread(target=voting)
    voter.start()
    while len(voted) < 20:
        pass
    before = len(voted)
    target = tmp_path / "backups" / "feedback.db"
    store.back_up(target)
    stop.set()
    voter.join()
    kept = {v.id for v in Store(f"sqlite:///{target}").votes(row.id)}
    assert set(voted[:before]) <= kept <= set(voted)
    with sqlite3.connect(target) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert [p.name for p in target.parent.iterdir() if p.suffix == ".part"] == []


def test_what_cannot_be_backed_up_is_one_sentence(url, tmp_path):
    with pytest.raises(StoreError, match="nothing to back up"):
        Store(url).back_up(tmp_path / "copy.db")
    with pytest.raises(StoreError, match="pg_dump"):
        Store("postgresql://ecomgen@127.0.0.1/x").back_up(tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "sqlite:////proc/nowhere/a.db",
        "nosuchdialect://a/b",
        "mysql://a/b",
        "postgresql://ann:secret@127.0.0.1:1/b",
    ],
)
def test_a_url_that_cannot_be_opened_is_one_sentence(url):
    with pytest.raises(StoreError) as caught:
        Store(url).counts()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path):
    path = tmp_path / "feedback.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store(f"sqlite:///{path}").counts()
