"""The dashboard's numbers, from votes as reviewers give them."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from ecomgen.errors import InvalidRequest
from ecomgen.services.insight import Insight, Reason
from ecomgen.services.records import Picture
from ecomgen.services.review import Review
from ecomgen.services.statistics import wilson
from ecomgen.settings import Settings


@pytest.fixture
def review(tmp_path) -> Iterator[Review]:
    desk = Review(Settings(home=tmp_path / "home"))
    yield desk
    desk.close()


def recorded(review, *looks):
    """Pictures with these categories and colours; their ids."""
    image = Image.new("RGB", (8, 8))
    made = [
        Picture(
            uuid.uuid4().hex, image, "", {"category": category, "colour": colour}, i, 0.8, "m", "abcdef0123"
        )
        for i, (category, colour) in enumerate(looks)
    ]
    return [kept.id for kept in review.record(made)]


def test_nothing_to_say(review):
    summary = Insight(review).summary()
    assert (summary.days, summary.reasons, summary.overall, summary.agreement) == ((), (), None, None)
    assert summary.approval == {"category": (), "colour": (), "checkpoint": ()}


def test_votes_become_shares_reasons_and_agreement(review):
    first, second, third, _ = recorded(
        review, ("belts", "red"), ("belts", "blue"), ("watches", "red"), ("watches", "red")
    )
    review.vote(first, True, visitor="a")
    review.vote(first, True, visitor="b")
    review.vote(second, False, ["wrong colour", "other"], visitor="a")
    review.vote(third, True, visitor="a")
    review.vote(third, False, ["wrong colour"], visitor="b")
    summary = Insight(review).summary()
    today = datetime.now(UTC).date()
    assert [(d.day, d.up, d.down) for d in summary.days] == [(today, 3, 2)]
    assert summary.overall is not None
    assert (summary.overall.liked, summary.overall.judged) == (1, 3)
    belts, watches = summary.approval["category"]
    assert (belts.value, belts.liked, belts.judged, belts.share) == ("belts", 1, 2, 0.5)
    assert (belts.low, belts.high) == wilson(1, 2)
    assert (watches.value, watches.liked, watches.judged) == ("watches", 0, 1)
    assert [(c.value, c.judged) for c in summary.approval["colour"]] == [("red", 2), ("blue", 1)]
    assert [(c.value, c.judged) for c in summary.approval["checkpoint"]] == [("m abcdef01", 3)]
    assert summary.reasons == (Reason("wrong colour", 2), Reason("other", 1))
    assert summary.agreement is not None
    assert (summary.agreement.pictures, summary.agreement.observed) == (2, 0.5)
    assert summary.made["colour"] == {"red": 3, "blue": 1}
    assert summary.liked["category"] == {"belts": 1}


def test_another_period_holds_none_of_it(review):
    (id,) = recorded(review, ("belts", "red"))
    review.vote(id, True)
    now = datetime.now(UTC)
    insight = Insight(review)
    assert insight.summary(now - timedelta(hours=1)).overall is not None
    for bounds in ((now + timedelta(hours=1), None), (None, now - timedelta(hours=1))):
        summary = insight.summary(*bounds)
        assert (summary.days, summary.overall, summary.made) == ((), None, {})
    with pytest.raises(InvalidRequest, match="ends before"):
        insight.summary(now, now)
