"""What reviewers think of the pictures, in numbers that say how sure they are. Reads the review desk, changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ecomgen.data.store import Tallies
from ecomgen.errors import InvalidRequest
from ecomgen.services.review import REASONS, Review
from ecomgen.services.statistics import Agreement, agreement, wilson

APPROVED = ("category", "colour", "checkpoint")
"""What approval is told by."""

Counts = Mapping[str, Mapping[str, int]]
"""Attribute -> value -> pictures."""


@dataclass(frozen=True)
class Day:
    """The votes of one day (UTC)."""

    day: date
    up: int
    down: int


@dataclass(frozen=True)
class Approval:
    """Of the pictures of one value that were judged, how many are liked; the share's 95 % interval is `low` to `high`."""

    value: str
    liked: int
    judged: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.liked / self.judged

    @classmethod
    def of(cls, value: str, up: int, down: int) -> Approval:
        """From the pictures liked and disliked, at least one of them."""
        return cls(value, up, up + down, *wilson(up, up + down))


@dataclass(frozen=True)
class Reason:
    """A reason and how many votes down name it."""

    name: str
    votes: int


@dataclass(frozen=True)
class Summary:
    """One period: `overall` and `agreement` are None when there is nothing to say.

    `approval`: one of APPROVED -> its values, the most judged first. `made` and `liked`: pictures by attribute and value.
    """

    days: tuple[Day, ...]
    overall: Approval | None
    approval: Mapping[str, tuple[Approval, ...]]
    reasons: tuple[Reason, ...]
    agreement: Agreement | None
    made: Counts
    liked: Counts


class Insight:
    """The dashboard's numbers; raises what the review desk raises."""

    def __init__(self, review: Review) -> None:
        self._review = review

    def summary(self, since: datetime | None = None, until: datetime | None = None) -> Summary:
        """Votes given and pictures made from `since` on and before `until` (with time zones); None leaves that end open."""
        if since is not None and until is not None and since >= until:
            raise InvalidRequest("The period ends before it begins.")
        told = self._review.tallies(since, until)
        liked = {facet: up for facet, (up, _) in told.judged.items() if up}
        kinds = {"category": "is category", "colour": "is colour", "checkpoint": "model"}
        named = [Reason(name, told.reasons[name]) for name in REASONS if told.reasons.get(name)]
        return Summary(
            days=tuple(Day(day, up, down) for day, (up, down) in sorted(told.days.items())),
            overall=Approval.of("", *told.all_judged) if any(told.all_judged) else None,
            approval={name: _approval(told, kinds[name]) for name in APPROVED},
            reasons=tuple(sorted(named, key=lambda reason: -reason.votes)),
            agreement=agreement(told.agreeing),
            made=_by_attribute(told.made),
            liked=_by_attribute(liked),
        )


def _approval(told: Tallies, kind: str) -> tuple[Approval, ...]:
    each = [Approval.of(value, *counts) for (of, value), counts in told.judged.items() if of == kind]
    return tuple(sorted(each, key=lambda approval: (-approval.judged, approval.value)))


def _by_attribute(counts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (kind, value), count in counts.items():
        if kind.startswith("is "):
            found.setdefault(kind.removeprefix("is "), {})[value] = count
    return found
