"""Milliseconds until the gallery shows its first page, with 100,000 pictures stored.

    python benchmarks/gallery.py [--quick] [--pictures N] [--url sqlalchemy-url]

The last line is one JSON object. Makes the pictures' rows (no files: a thumbnail is a file of its own, whatever their
number), a fifth of them voted on, and asks for the first page of the gallery as the page does: the pictures with their
votes and tags, how many there are of each rating, and the choices of the filters. Reported are the median and the worst
of each question over the repeats, cold (a new connection, nothing remembered by ecomgen) for the plain first page.
`insight_ms` is the dashboard of all of it.
--quick asks less often and votes on fewer; the number of pictures stays.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ecomgen.data.store import Filter, MarkRow, PictureRow, Store, VoteRow
from ecomgen.services.insight import Insight
from ecomgen.services.review import REASONS, Review
from ecomgen.settings import Settings

BATCH = 8
LIMIT_MS = 300.0
COLOURS = ("black", "white", "red", "blue", "brown", "green", "pink", "silver")
CATEGORIES = ("sports shoes", "handbags", "watches", "belts", "sunglasses", "wallets", "sandals")
START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 48


def fill(store: Store, count: int, votes: int) -> None:
    """Add `count` pictures in batches of eight, a minute apart, `votes` votes and a few tags and deletions."""
    chance = random.Random(0)
    ids: list[str] = []
    for begin in range(0, count, 4000):
        rows = [picture(number, chance) for number in range(begin, min(begin + 4000, count))]
        store.add_pictures(rows)
        ids += [row.id for row in rows]
    for begin in range(0, votes, 1000):
        store.add_votes([vote(chance.choice(ids), chance) for _ in range(min(1000, votes - begin))])
    common = {"visitor": "", "created_at": START, "present": True}
    kinds = [("tag", "hero")] * 300 + [("deleted", "")] * 200
    store.add_marks(
        [
            MarkRow(id=uuid.uuid4().hex, picture_id=chance.choice(ids), kind=kind, value=value, **common)
            for kind, value in kinds
        ]
    )


def picture(number: int, chance: random.Random) -> PictureRow:
    """A row as generation makes it: its size is what real rows have."""
    batch = number // BATCH
    colour, category = chance.choice(COLOURS), chance.choice(CATEGORIES)
    attributes = {
        "category": category,
        "colour": colour,
        "pattern": "solid",
        "audience": "women",
        "season": None,
    }
    read = {name: {"value": value, "confidence": 0.97} for name, value in attributes.items()}
    made = START + timedelta(minutes=batch)
    return PictureRow(
        id=uuid.uuid4().hex,
        batch=f"{int(made.timestamp() * 1e6):016x}{batch:016x}",
        position=number % BATCH,
        prompt=f"{colour} {category} for collection {batch}" if batch % 3 else f"第{batch}季的{colour}跑鞋",
        language="en" if batch % 3 else "zh",
        parsed=read,
        attributes=attributes,
        seed=number,
        psi=0.8,
        variation=0.0,
        variation_seed=0,
        model="default" if batch % 4 else "mine",
        model_hash="6bb1c2868a85",
        file=f"{number}.png",
        created_at=made,
        visitor=uuid.UUID(int=chance.randrange(200)).hex,
    )


def vote(picture_id: str, chance: random.Random) -> VoteRow:
    liked = chance.random() < 0.6
    return VoteRow(
        id=uuid.uuid4().hex,
        picture_id=picture_id,
        liked=liked,
        reasons=() if liked else (chance.choice(REASONS),),
        comment="the strap is too thin" if chance.random() < 0.05 else "",
        visitor=uuid.UUID(int=chance.randrange(20)).hex,
        reviewer=chance.choice(("Ann", "Ben", "Chen", "")),
        created_at=START + timedelta(days=chance.random() * 80),
    )


def questions(review: Review) -> dict[str, Callable[[], int]]:
    """What the page asks for, by name; each returns how many pictures came."""

    def first_page(wanted: Filter | None = None, sort: str = "newest") -> Callable[[], int]:
        def ask() -> int:
            filter = wanted or Filter()
            page = review.page(filter, sort, limit=PAGE)
            review.counts(filter)
            review.choices()
            return len(page.pictures)

        return ask

    def far_page() -> int:
        return len(review.page(Filter(), after=str(4096 * 200), limit=PAGE).pictures)

    rare = Filter(search="collection 4242", attributes={"colour": "red"})
    return {
        "first_page": first_page(),
        "liked": first_page(Filter(rated="liked")),
        "last_rated": first_page(sort="rated"),
        "oldest": first_page(sort="oldest"),
        "colour_and_category": first_page(Filter(attributes={"colour": "red", "category": "watches"})),
        "tag": first_page(Filter(tag="hero")),
        "reviewer_with_comment": first_page(Filter(reviewer="Chen", commented=True)),
        "checkpoint_and_days": first_page(
            Filter(model="mine 6bb1c286", since=START + timedelta(days=4), until=START + timedelta(days=6))
        ),
        "search_common": first_page(Filter(search="跑鞋")),
        "search_rare": first_page(rare),
        "search_nothing": first_page(Filter(search="no such words")),
        "far_page": far_page,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the gallery's first page.")
    parser.add_argument("--quick", action="store_true", help="fewer repeats and votes, under a minute")
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--url", help="database (an empty one); default: SQLite in a temporary folder")
    options = parser.parse_args()
    repeats, votes = (4, 500) if options.quick else (30, 20_000)

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), database=options.url or "")
        store = Store(settings.database_url)
        begin = time.monotonic()
        fill(store, options.pictures, votes)
        filled = time.monotonic() - begin
        store.close()
        print(f"{options.pictures:,} pictures and {votes:,} votes stored in {filled:.0f} s", file=sys.stderr)

        cold = []
        for _ in range(2 if options.quick else 5):
            review = Review(settings)
            begin = time.perf_counter()
            assert questions(review)["first_page"]() == PAGE
            cold.append(1000 * (time.perf_counter() - begin))
            review.close()
        review = Review(settings)
        times: dict[str, list[float]] = {name: [] for name in questions(review)}
        for _ in range(repeats + 1):
            for name, ask in questions(review).items():
                begin = time.perf_counter()
                ask()
                times[name].append(1000 * (time.perf_counter() - begin))
        insight = []
        for _ in range(repeats):
            begin = time.perf_counter()
            assert Insight(review).summary().overall is not None
            insight.append(1000 * (time.perf_counter() - begin))
        review.close()
        size = sum(file.stat().st_size for file in Path(folder).glob("feedback.db*"))

    medians = {name: round(statistics.median(taken[1:]), 1) for name, taken in times.items()}
    for name, median in medians.items():
        print(f"{name:22} {median:8.1f} ms   worst {max(times[name][1:]):8.1f} ms")
    result = {
        "first_page_ms": medians["first_page"],
        "first_page_cold_ms": round(statistics.median(cold), 1),
        "slowest_question": max(medians, key=lambda name: medians[name]),
        "slowest_question_ms": max(medians.values()),
        "target_ms": LIMIT_MS,
        "met": max(medians["first_page"], statistics.median(cold)) <= LIMIT_MS,
        "insight_ms": round(statistics.median(insight), 1),
        "medians_ms": medians,
        "pictures": options.pictures,
        "votes": votes,
        "filled_s": round(filled, 1),
        "database_mb": round(size / 1e6),
        "conditions": {
            "database": settings.database_url.split(":")[0],
            "repeats": repeats,
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 2),
            "python": platform.python_version(),
        },
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
