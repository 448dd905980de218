import sqlite3
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecomgen.data import store as store_module
from ecomgen.data.store import PictureRow, Store, VoteRow
from ecomgen.errors import StoreError


def picture(**changes):
    row = PictureRow(
        id=uuid.uuid4().hex,
        batch="b" * 32,
        position=0,
        prompt="红色跑鞋",
        language="zh",
        parsed={"colour": {"value": "red", "confidence": 0.99}},
        attributes={"colour": "red", "material": None},
        seed=2**63 - 1,
        psi=0.8,
        variation=0.0,
        variation_seed=0,
        model="default",
        model_hash="abc",
        file="a.png",
        created_at=datetime.now(UTC),
        visitor="v",
    )
    return replace(row, **changes)


def vote(picture_id, liked=True, **changes):
    row = VoteRow(
        id=uuid.uuid4().hex,
        picture_id=picture_id,
        liked=liked,
        reason="",
        comment="",
        visitor="v",
        created_at=datetime.now(UTC),
    )
    return replace(row, **changes)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'new' / 'folder' / 'feedback.db'}"


@pytest.fixture
def store(url):
    opened = Store(url)
    yield opened
    opened.close()


def test_nothing_is_touched_before_the_first_call(tmp_path, url):
    Store(url)
    assert not (tmp_path / "new").exists()


def test_a_picture_comes_back_as_it_was(store, url):
    row = picture()
    store.add_pictures([row])
    store.close()
    assert Store(url).picture(row.id) == (row, None)
    assert store.picture("f" * 32) is None


def test_the_latest_vote_counts_and_all_are_kept(store):
    row = picture()
    store.add_pictures([row])
    # The clock steps back between the votes; their order counts, not their times.
    late, early = datetime(2030, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
    first = vote(row.id, True, created_at=late)
    second = vote(row.id, False, reason="other", comment="too red", created_at=early)
    assert store.add_vote(first)
    assert store.add_vote(second)
    assert store.picture(row.id) == (row, second)
    assert store.counts() == {"all": 1, "liked": 0, "disliked": 1, "unrated": 0}
    assert store.add_vote(vote(row.id, None))
    assert store.counts() == {"all": 1, "liked": 0, "disliked": 0, "unrated": 1}
    assert [v.liked for v in store.votes(row.id)] == [True, False, None]
    assert store.voted() == {row.id}


def test_the_same_vote_id_is_one_vote(store):
    row = picture()
    store.add_pictures([row])
    first = vote(row.id, True)
    assert store.add_vote(first)
    assert not store.add_vote(replace(first, liked=False))
    assert store.votes(row.id) == [first]


def test_a_vote_on_an_unknown_picture_is_refused(store):
    with pytest.raises(StoreError):
        store.add_vote(vote("f" * 32))


def test_pictures_are_listed_newest_batch_first_and_filtered(store):
    old = [picture(batch="1" * 32, position=i) for i in range(3)]
    new = [picture(batch="2" * 32, position=i, visitor="w") for i in range(2)]
    store.add_pictures(old)
    store.add_pictures(new)
    store.add_pictures([])
    assert [row for row, _ in store.pictures()] == new + old
    assert [row for row, _ in store.pictures(offset=1, limit=2)] == [new[1], old[0]]
    assert [row for row, _ in store.pictures(visitor="v")] == old
    assert store.size_of_batch("1" * 32) == 3
    store.add_vote(vote(old[1].id, True))
    store.add_vote(vote(new[0].id, False))
    assert [row for row, _ in store.pictures(rated="liked")] == [old[1]]
    assert [row for row, _ in store.pictures(rated="disliked")] == [new[0]]
    assert [row for row, _ in store.pictures(rated="unrated")] == [new[1], old[0], old[2]]


def test_a_batch_is_added_whole_or_not_at_all(store):
    row = picture()
    with pytest.raises(StoreError):
        store.add_pictures([row, row])
    assert store.pictures() == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=st.text(st.characters(exclude_categories=["Cs"]), max_size=80), seed=st.integers(0, 2**63 - 1))
def test_any_text_and_seed_survive(store, prompt, seed):
    row = picture(prompt=prompt, seed=seed, attributes={prompt: prompt})
    store.add_pictures([row])
    assert store.picture(row.id) == (row, None)


def test_votes_from_many_threads_are_all_kept(store):
    row = picture()
    store.add_pictures([row])
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda i: store.add_vote(vote(row.id, i % 2 == 0)), range(40)))
    assert len(store.votes(row.id)) == 40


def test_two_processes_open_a_new_database_at_once(url):
    code = f"from ecomgen.data.store import Store; print(Store({url!r}).counts()['all'])"
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
    assert [(p.communicate()[0].strip(), p.returncode) for p in started] == [(b"0", 0)] * 4


def test_the_database_is_durable(store, tmp_path):
    store.add_pictures([picture()])
    with store._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() >= 5000


def test_the_tables_of_the_migrations_are_those_of_the_code(store):
    with store._reading() as connection:
        for table in (store_module._pictures, store_module._votes):
            columns = connection.exec_driver_sql(f"PRAGMA table_info({table.name})").all()
            assert {c[1] for c in columns} == set(table.columns.keys())


def test_a_database_of_a_newer_ecomgen_is_left_alone(store, url):
    store.counts()
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute("INSERT INTO schema_version VALUES (999)")
    with pytest.raises(StoreError, match="newer"):
        Store(url).counts()


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////proc/nowhere/a.db", "nosuchdialect://a/b"])
def test_a_url_that_cannot_be_opened_is_one_sentence(url):
    with pytest.raises(StoreError) as caught:
        Store(url).counts()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path):
    path = tmp_path / "feedback.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store(f"sqlite:///{path}").counts()


def test_no_acknowledged_vote_is_lost_when_the_process_is_killed(store, url):
    row = picture()
    store.add_pictures([row])
    code = (
        "import uuid; from datetime import UTC, datetime; from ecomgen.data.store import Store, VoteRow\n"
        f"store = Store({url!r})\n"
        "while True:\n"
        f"    vote = VoteRow(id=uuid.uuid4().hex, picture_id={row.id!r}, liked=True, reason='', comment='',\n"
        "                   visitor='', created_at=datetime.now(UTC))\n"
        "    store.add_vote(vote); print(vote.id, flush=True)\n"
    )
    voter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    acknowledged = [voter.stdout.readline() for _ in range(50)]
    voter.kill()
    acknowledged += voter.communicate()[0].splitlines(keepends=True)
    whole = {line.strip() for line in acknowledged if line.endswith("\n")}
    assert len(whole) >= 50
    assert whole <= {v.id for v in store.votes(row.id)}
