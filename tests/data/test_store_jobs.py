import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from stored import picture

from ecomgen.data.store import JobRow, Store
from ecomgen.data.store.migrations import MIGRATIONS
from ecomgen.errors import StoreError

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def job(**changes):
    row = JobRow(id=uuid.uuid4().hex, title="红色", device="cpu", visitor="v", place="here", created_at=NOW)
    return replace(row, **changes)


def test_a_job_comes_back_as_it_was_the_newest_first_and_only_of_its_place(store, url):
    first, second, other = job(), job(device="cuda", reason="Why."), job(place="elsewhere")
    for row in (first, second, other):
        store.add_job(row)
    store.close()
    again = Store(url)
    assert again.jobs("here") == [second, first]
    assert again.jobs("here", ("running",)) == []
    assert again.job(other.id) == other
    assert again.job("f" * 32) is None
    again.close()


def test_the_oldest_queued_job_is_claimed_one_at_a_time_on_each_device(store):
    first, second, other = job(), job(), job(device="cuda")
    for row in (first, second, other):
        store.add_job(row)
    claimed = store.claim_job("here", "cpu", NOW)
    assert claimed == replace(first, state="running", starts=1, started_at=NOW)
    assert store.claim_job("here", "cpu", NOW) is None
    assert store.claim_job("elsewhere", "cuda", NOW) is None
    assert store.claim_job("here", "cuda", NOW).id == other.id
    assert store.change_job(first.id, ("running",), 1, state="done")
    assert store.claim_job("here", "cpu", NOW).id == second.id


def test_a_change_is_made_only_to_what_the_caller_saw(store):
    row = job()
    store.add_job(row)
    assert not store.change_job(row.id, ("running",), state="done")
    store.claim_job("here", "cpu", NOW)
    assert not store.change_job(row.id, ("running",), 2, state="done")
    assert not store.remove_job(row.id)
    assert store.change_job(row.id, ("running",), 1, state="failed", reason="The disk is full.")
    assert not store.change_job(row.id, ("running",), 1, state="done")
    assert store.job(row.id).reason == "The disk is full."
    assert store.remove_job(row.id)
    assert not store.remove_job(row.id)


def test_the_database_itself_refuses_a_second_running_job(store):
    store.add_job(job(state="running"))
    with pytest.raises(StoreError):
        store.add_job(job(state="running"))
    store.add_job(job(state="running", device="cuda"))


def test_of_many_who_claim_at_once_one_gets_the_job(url):
    stores = [Store(url) for _ in range(2)]
    stores[0].add_job(job())
    stores[0].add_job(job())
    got = []
    threads = [
        threading.Thread(target=lambda s=s: got.append(s.claim_job("here", "cpu", NOW))) for s in stores * 8
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 16
    assert sum(one is not None for one in got) == 1
    for opened in stores:
        opened.close()


def test_a_database_of_before_takes_jobs(store, monkeypatch):
    monkeypatch.setattr("ecomgen.data.store.migrations.MIGRATIONS", MIGRATIONS[:4])
    made = picture()
    store.add_pictures([made])
    store.close()
    monkeypatch.undo()
    row = job()
    store.add_job(row)
    assert store.jobs("here") == [row]
    assert [p.row for p in store.find([made.id])] == [made]
