"""Counting votes in the database, against counting them in plain Python."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

from stored import mark, picture, vote

from ecomgen.data.store import Tallies, standing

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_an_empty_database_counts_nothing(store):
    assert store.tallies() == Tallies()


def test_every_count_is_that_of_plain_python(store):
    chance = random.Random(1)
    rows = [
        picture(
            position=i,
            attributes={
                "category": chance.choice(["watches", "belts"]),
                "colour": chance.choice(["red", None]),
            },
            created_at=START + timedelta(days=i % 9),
            model=chance.choice(["default", "mine"]),
        )
        for i in range(60)
    ]
    store.add_pictures(rows)
    given = []
    for i in range(300):
        when = START + timedelta(hours=6 * i)
        row = chance.choice(rows[:45])
        own = [v for v in given if v.picture_id == row.id and not v.undoes]
        if own and chance.random() < 0.2:
            undone = chance.choice(own)
            given.append(vote(row.id, None, undoes=undone.id, visitor=undone.visitor, created_at=when))
            continue
        liked = chance.choice([True, False, False, None])
        reasons = tuple(chance.sample(["wrong colour", "off-brand", "other"], 2)) if liked is False else ()
        given.append(vote(row.id, liked, reasons=reasons, visitor=chance.choice("abcd"), created_at=when))
    store.add_votes(given)
    gone = {row.id for row in rows[:5]}
    store.add_marks([mark(id, "deleted") for id in gone])
    store.add_marks([mark(rows[4].id, "deleted", present=False)])
    gone.discard(rows[4].id)

    since, until = START + timedelta(days=3), START + timedelta(days=50)
    for bounds in ((None, None), (since, None), (None, until), (since, until)):
        assert store.tallies(*bounds) == expected(rows, given, gone, *bounds)


def expected(rows, given, gone, since, until):
    def within(moment):
        return (since is None or moment >= since) and (until is None or moment < until)

    days, reasons, agreeing, judged, made = {}, Counter(), Counter(), {}, Counter()
    all_judged = [0, 0]
    for row in rows:
        if row.id in gone:
            continue
        named = [(f"is {name}", value) for name, value in row.attributes.items() if value]
        named.append(("model", f"{row.model} {row.model_hash[:8]}"))
        made.update(named if within(row.created_at) else [])
        said = [v for v in standing([v for v in given if v.picture_id == row.id]) if v.liked is not None]
        if said and within(said[-1].created_at):
            all_judged[not said[-1].liked] += 1
            for facet in named:
                judged.setdefault(facet, [0, 0])[not said[-1].liked] += 1
        counting = [v for v in said if within(v.created_at)]
        for v in counting:
            days.setdefault(v.created_at.date(), [0, 0])[not v.liked] += 1
            reasons.update(v.reasons)
        if len(counting) > 1:
            ups = sum(v.liked for v in counting)
            agreeing[ups, len(counting) - ups] += 1
    return Tallies(
        days={day: tuple(counts) for day, counts in days.items()},
        reasons=dict(reasons),
        agreeing=dict(agreeing),
        judged={facet: tuple(counts) for facet, counts in judged.items()},
        all_judged=tuple(all_judged),
        made=dict(made),
    )


def test_a_day_is_one_of_utc(store):
    row = picture()
    store.add_pictures([row])
    late = datetime.fromisoformat("2026-03-02T01:30:00+02:00")
    store.add_votes([vote(row.id, created_at=late)])
    assert store.tallies().days == {date(2026, 3, 1): (1, 0)}
