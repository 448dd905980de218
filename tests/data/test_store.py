import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stored import mark, picture, vote

from ecomgen.data.store import (
    Filter,
    PictureRow,
    ShortlistRow,
    Store,
    StoredPicture,
    standing,
    tables,
)
from ecomgen.data.store.migrations import MIGRATIONS
from ecomgen.errors import InvalidRequest, StoreError


def rows(store, wanted=None, **options):
    return [stored.row for stored in store.page(wanted or Filter(), **options)[0]]


def test_a_picture_comes_back_as_it_was(store, url):
    row = picture()
    store.add_pictures([row])
    store.close()
    assert Store(url).find([row.id]) == [StoredPicture(row=row)]
    assert store.find(["f" * 32]) == []


def test_the_latest_vote_counts_and_all_are_kept(store):
    row = picture()
    store.add_pictures([row])
    # The clock steps back between the votes; their order counts, not their times.
    late, early = datetime(2030, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
    first = vote(row.id, True, created_at=late)
    second = vote(
        row.id, False, reasons=("other", "off-brand"), comment="too red", reviewer="Ann", created_at=early
    )
    assert store.add_votes([first]) == 1
    assert store.add_votes([second]) == 1
    assert store.find([row.id]) == [StoredPicture(row=row, vote=second)]
    assert store.counts() == {"all": 1, "liked": 0, "disliked": 1, "unrated": 0}
    assert store.add_votes([vote(row.id, None)]) == 1
    assert store.counts() == {"all": 1, "liked": 0, "disliked": 0, "unrated": 1}
    assert [v.liked for v in store.votes(row.id)] == [True, False, None]
    assert store.vote(second.id) == second
    assert store.vote("f" * 32) is None
    assert store.cherished() == {row.id}


def test_the_same_vote_id_is_one_vote(store):
    row = picture()
    store.add_pictures([row])
    first = vote(row.id, True)
    assert store.add_votes([first, replace(first, liked=False)]) == 1
    assert store.add_votes([replace(first, liked=False)]) == 0
    assert store.votes(row.id) == [first]


def test_votes_on_many_pictures_are_added_whole_or_not_at_all(store):
    row = picture()
    store.add_pictures([row])
    with pytest.raises(InvalidRequest, match="no picture"):
        store.add_votes([vote(row.id), vote("f" * 32)])
    assert store.votes(row.id) == []
    with pytest.raises(InvalidRequest, match="no picture"):
        store.add_marks([mark(row.id, "tag", "a"), mark("f" * 32, "tag", "a")])
    assert store.find([row.id])[0].tags == ()


def test_an_undone_vote_gives_back_what_counted_before(store):
    row = picture()
    store.add_pictures([row])
    ann = vote(row.id, True, visitor="ann", reviewer="Ann")
    ben = vote(row.id, False, visitor="ben", reviewer="Ben", comment="no")
    store.add_votes([ann, ben])
    assert rows(store, Filter(reviewer="Ben", commented=True, rated="disliked")) == [row]
    store.add_votes([vote(row.id, None, visitor="ben", undoes=ben.id)])
    assert store.find([row.id])[0].vote == ann
    assert rows(store, Filter(reviewer="Ann", rated="liked")) == [row]
    assert rows(store, Filter(reviewer="Ben")) == []
    assert rows(store, Filter(commented=True)) == []
    store.add_votes([vote(row.id, None, visitor="ann", undoes=ann.id)])
    assert store.find([row.id])[0].vote is None
    assert store.counts()["unrated"] == 1
    assert len(store.votes(row.id)) == 4


def test_each_visitors_latest_vote_stands():
    ann, ben, again = (
        vote("p", True, visitor="a"),
        vote("p", False, visitor="b"),
        vote("p", False, visitor="a"),
    )
    undo = vote("p", None, visitor="a", undoes=again.id)
    assert standing([ann, ben, again]) == [ben, again]
    assert standing([ann, ben, again, undo]) == [ann, ben]
    assert standing([]) == []


def test_marks_are_put_and_taken_away(store):
    one, two = picture(position=0), picture(position=1)
    store.add_pictures([one, two])
    chosen = ShortlistRow(id="5" * 32, name="Spring", visitor="v", created_at=datetime.now(UTC))
    store.add_shortlist(chosen)
    tagged = mark(one.id, "tag", "hero")
    assert store.add_marks([tagged, mark(two.id, "tag", "hero"), mark(one.id, "shortlist", chosen.id)]) == 3
    assert store.add_marks([tagged]) == 0
    assert store.shortlists() == [chosen]
    assert store.find([one.id]) == [StoredPicture(row=one, tags=("hero",), shortlists=(chosen.id,))]
    assert rows(store, Filter(tag="hero")) == [one, two]
    assert rows(store, Filter(tag="hero", shortlist=chosen.id)) == [one]
    store.add_marks([mark(one.id, "tag", "hero", present=False)])
    assert rows(store, Filter(tag="hero")) == [two]
    assert store.choices()["tag"] == ["hero"]

    store.add_marks([mark(two.id, "deleted")])
    assert rows(store) == [one]
    assert rows(store, Filter(deleted=True)) == [two]
    assert store.counts()["all"] == 1
    assert store.history("v", 9) == [store.find([one.id])[0]]
    assert store.cherished() == {one.id}
    store.add_marks([mark(two.id, "deleted", present=False)])
    assert rows(store) == [one, two]
    assert store.find([two.id])[0].tags == ("hero",)


def test_pictures_are_listed_newest_batch_first_and_filtered(store):
    old = [picture(batch="1" * 32, position=i) for i in range(3)]
    new = [picture(batch="2" * 32, position=i, visitor="w", prompt="Blue 100% Bag") for i in range(2)]
    store.add_pictures(old[:2])
    store.add_pictures(new)
    store.add_pictures(old[2:])  # of a batch that began earlier
    store.add_pictures([])
    assert rows(store) == new + old
    assert rows(store, sort="oldest") == (new + old)[::-1]
    assert [stored.row for stored in store.history("v", 2)] == old[:2]
    assert store.size_of_batch("1" * 32) == 3
    store.add_votes(
        [vote(old[1].id, True), vote(new[0].id, False, created_at=datetime(2031, 1, 1, tzinfo=UTC))]
    )
    assert rows(store, Filter(rated="liked")) == [old[1]]
    assert rows(store, Filter(rated="disliked")) == [new[0]]
    assert rows(store, Filter(rated="unrated")) == [new[1], old[0], old[2]]
    assert rows(store, sort="rated") == [new[0], old[1]]
    assert rows(store, Filter(search="bag  blue")) == new
    assert rows(store, Filter(search="100%")) == new
    assert rows(store, Filter(search="1%0")) == []
    assert rows(store, Filter(search="跑鞋")) == old
    assert store.counts(Filter(search="跑鞋")) == {"all": 3, "liked": 1, "disliked": 0, "unrated": 2}


def test_filters_combine(store):
    early = datetime(2026, 1, 5, tzinfo=UTC)
    one = picture(attributes={"colour": "red", "category": "belts"}, created_at=early)
    two = picture(position=1, attributes={"colour": "red"}, model="mine", model_hash="1" * 20)
    store.add_pictures([one, two])
    assert rows(store, Filter(attributes={"colour": "red"})) == [one, two]
    assert rows(store, Filter(attributes={"colour": "red", "category": "belts"})) == [one]
    assert rows(store, Filter(attributes={"colour": "blue"})) == []
    assert rows(store, Filter(model="mine 11111111")) == [two]
    assert rows(store, Filter(until=datetime(2026, 1, 6, tzinfo=UTC))) == [one]
    assert rows(store, Filter(since=datetime(2026, 1, 6, tzinfo=UTC))) == [two]
    assert store.choices() == {
        "is category": ["belts"],
        "is colour": ["red"],
        "model": ["default abcdef01", "mine 11111111"],
        "rated": ["unrated"],
        "shown": [""],
    }


@pytest.mark.parametrize("sort", ["newest", "oldest", "rated"])
def test_pages_follow_each_other_whatever_is_added_between(store, sort):
    for batch in "123":
        store.add_pictures([picture(batch=batch * 32, position=i) for i in range(5)])
    same = datetime(2026, 1, 1, tzinfo=UTC)
    store.add_votes([vote(row.id, created_at=same) for row in rows(store)])
    whole, after, pages = rows(store, sort=sort), "", []
    while True:
        found, after = store.page(Filter(), sort, after, limit=4)
        pages.append([stored.row for stored in found])
        if not after:
            break
        if sort == "newest":
            store.add_pictures([picture(batch="4" * 32, position=len(pages))])
    assert [row for page in pages for row in page] == whole
    assert [len(page) for page in pages] == [4, 4, 4, 3]
    with pytest.raises(StoreError):
        store.add_pictures([picture(position=5000)])


def test_a_batch_is_added_whole_or_not_at_all(store):
    row = picture()
    with pytest.raises(StoreError):
        store.add_pictures([row, row])
    assert rows(store) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prompt=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80),
    seed=st.integers(0, 2**63 - 1),
)
def test_any_text_and_seed_survive_and_are_found(store, prompt, seed):
    row = picture(prompt=prompt, seed=seed, attributes={prompt[:30] or "a": prompt}, batch=uuid.uuid4().hex)
    store.add_pictures([row])
    store.add_marks([mark(row.id, "tag", prompt)])
    assert store.find([row.id])[0].row == row
    assert row in rows(store, Filter(search=prompt, tag=prompt))


def test_votes_from_many_threads_are_all_kept(store):
    row = picture()
    store.add_pictures([row])
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda i: store.add_votes([vote(row.id, i % 2 == 0)]), range(40))) == 40
    assert len(store.votes(row.id)) == 40


def test_two_processes_open_a_new_database_at_once(url):
    code = f"from ecomgen.data.store import Store; print(Store({url!r}).counts()['all'])"
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
    assert [(p.communicate()[0].strip(), p.returncode) for p in started] == [(b"0", 0)] * 4


def test_the_tables_of_the_migrations_are_those_of_the_code(store):
    with store._reading() as connection:
        there = sa.inspect(connection)
        for table in tables.metadata.sorted_tables:
            assert {c["name"] for c in there.get_columns(table.name)} == set(table.columns.keys())


def test_a_database_of_before_is_brought_up_to_date(store, monkeypatch):
    """What the second version wrote: one reason a vote, no places, no index."""
    monkeypatch.setattr("ecomgen.data.store.migrations.MIGRATIONS", MIGRATIONS[:2])
    told = {f: getattr(picture(), f) for f in PictureRow.__dataclass_fields__}
    old = sa.Table("pictures", sa.MetaData(), *[sa.Column(f, tables.pictures.c[f].type) for f in told])
    with store._writing() as connection:
        for i in range(4):
            row = told | {"id": str(i) * 32, "batch": str(i // 2) * 32, "position": i % 2}
            connection.execute(sa.insert(old).values(row))
        for number, (on, liked, reason) in enumerate([(0, True, ""), (0, False, "off-brand"), (1, True, "")]):
            connection.exec_driver_sql(
                f"INSERT INTO votes VALUES ('{number}', '{str(on) * 32}', {number}, {liked}, '{reason}', '', 'v', '2026-01-02 03:04:05')"
            )
    store.close()
    monkeypatch.undo()
    assert [row.id[0] for row in rows(store)] == ["2", "3", "0", "1"]
    assert [row.id[0] for row in rows(store, Filter(rated="disliked", attributes={"colour": "red"}))] == ["0"]
    assert store.find(["0" * 32])[0].vote.reasons == ("off-brand",)
    assert store.counts() == {"all": 4, "liked": 1, "disliked": 1, "unrated": 2}
    store.add_votes([vote("2" * 32)])
    assert rows(store, sort="rated")[0].id[0] == "2"


def test_a_database_of_a_newer_ecomgen_is_left_alone(store, url):
    store.counts()
    with store._writing() as connection:
        connection.exec_driver_sql("INSERT INTO schema_version VALUES (999)")
    with pytest.raises(StoreError, match="newer"):
        Store(url).counts()


def test_no_acknowledged_vote_is_lost_when_the_process_is_killed(store, url):
    row = picture()
    store.add_pictures([row])
    code = (
        "import uuid; from datetime import UTC, datetime; from ecomgen.data.store import Store, VoteRow\n"
        f"store = Store({url!r})\n"
        "while True:\n"
        f"    vote = VoteRow(id=uuid.uuid4().hex, picture_id={row.id!r}, liked=True, reasons=(), comment='',\n"
        "                   visitor='', created_at=datetime.now(UTC))\n"
        "    store.add_votes([vote]); print(vote.id, flush=True)\n"
    )
    voter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    acknowledged = [voter.stdout.readline() for _ in range(50)]
    voter.kill()
    acknowledged += voter.communicate()[0].splitlines(keepends=True)
    whole = {line.strip() for line in acknowledged if line.endswith("\n")}
    assert len(whole) >= 50
    assert whole <= {v.id for v in store.votes(row.id)}
