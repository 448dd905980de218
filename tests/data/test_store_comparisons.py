from dataclasses import replace
from datetime import UTC, datetime

import pytest
from stored import comparison, picture

from ecomgen.data.store import Store
from ecomgen.data.store.migrations import MIGRATIONS
from ecomgen.errors import InvalidRequest


@pytest.fixture
def three(store):
    rows = [picture(position=i) for i in range(3)]
    store.add_pictures(rows)
    return [row.id for row in rows]


def test_a_comparison_comes_back_as_it_was_and_its_id_is_one_comparison(store, url, three):
    one = comparison(*three[:2], reviewer="Ann")
    assert store.add_comparisons([one, replace(one, winner="right")]) == 1
    assert store.add_comparisons([replace(one, winner="neither")]) == 0
    store.close()
    again = Store(url)
    assert again.comparisons() == [one]
    assert again.comparison(one.id) == one
    assert again.comparison("f" * 32) is None
    again.close()


def test_the_latest_answer_of_each_visitor_counts_whichever_side_and_whatever_the_clock(store, three):
    late, early = datetime(2030, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
    a, b, c = three
    first = comparison(a, b, created_at=late)
    second = comparison(b, a, created_at=early)
    other, apart = comparison(a, b, visitor="w"), comparison(a, c, "neither")
    for row in (first, other, apart, second):
        store.add_comparisons([row])
    assert store.comparisons() == [other, apart, second]


def test_an_undone_comparison_gives_back_the_answer_before(store, three):
    first, second = comparison(*three[:2]), comparison(*three[:2], "right")
    store.add_comparisons([first, second])
    store.add_comparisons([comparison(*three[:2], undoes=second.id)])
    assert store.comparisons() == [first]
    store.add_comparisons([comparison(*three[:2], undoes=first.id)])
    assert store.comparisons() == []
    assert store.comparison(first.id) == first


def test_comparisons_of_pictures_that_there_are_not_are_refused_whole(store, three):
    with pytest.raises(InvalidRequest, match="no picture"):
        store.add_comparisons([comparison(*three[:2]), comparison(three[0], "f" * 32)])
    assert store.comparisons() == []


def test_a_database_of_before_takes_comparisons(store, monkeypatch):
    monkeypatch.setattr("ecomgen.data.store.migrations.MIGRATIONS", MIGRATIONS[:3])
    rows = [picture(position=i) for i in range(2)]
    store.add_pictures(rows)
    store.close()
    monkeypatch.undo()
    one = comparison(rows[0].id, rows[1].id)
    store.add_comparisons([one])
    assert store.comparisons() == [one]
    assert [p.row for p in store.find([row.id for row in rows])] == rows
