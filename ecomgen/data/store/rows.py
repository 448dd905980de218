"""What the store holds, as plain values: pictures, votes, marks (tags, shortlists, deletions), comparisons, jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Rated = Literal["all", "liked", "disliked", "unrated"]
MarkKind = Literal["tag", "shortlist", "deleted"]
Winner = Literal["left", "right", "neither"]
JobState = Literal["queued", "running", "done", "failed", "stopped", "cancelled"]
Device = Literal["cpu", "cuda"]


@dataclass(frozen=True, kw_only=True)
class PictureRow:
    """One generated picture: everything that makes it again, and the name of its file."""

    id: str
    batch: str
    position: int
    prompt: str
    language: str
    parsed: dict[str, Any]
    attributes: dict[str, str | None]
    seed: int
    psi: float
    variation: float
    variation_seed: int
    model: str
    model_hash: str
    file: str
    created_at: datetime
    visitor: str
    latent: str = ""
    origin: str = ""


@dataclass(frozen=True, kw_only=True)
class VoteRow:
    """One judgement: `liked` None takes the earlier one back. `undoes` names a vote that counts no more; then the rest is empty."""

    id: str
    picture_id: str
    liked: bool | None
    reasons: tuple[str, ...]
    comment: str
    visitor: str
    created_at: datetime
    reviewer: str = ""
    undoes: str = ""


@dataclass(frozen=True, kw_only=True)
class MarkRow:
    """A tag, a place in the shortlist of this id, or the deletion of a picture: put there, or taken away (not `present`)."""

    id: str
    picture_id: str
    kind: MarkKind
    value: str
    present: bool
    visitor: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ShortlistRow:
    """A named choice of pictures; whoever knows its id may see it."""

    id: str
    name: str
    visitor: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """Which of two pictures is better. `undoes` names a comparison that counts no more; then the rest is as it was there."""

    id: str
    left_id: str
    right_id: str
    winner: Winner
    visitor: str
    created_at: datetime
    reviewer: str = ""
    undoes: str = ""


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """A long job, and how it goes; its arguments are in its folder.

    `place` is the home folder that it belongs to, `asked` what a running one is asked for, `handle` what its backend
    finds it by ("" until it is known), `starts` how often it was started, `kills` how often in a row it was killed
    without getting on, `reason` the sentence that says why it failed.
    """

    id: str
    title: str
    device: Device
    visitor: str
    place: str
    created_at: datetime
    state: JobState = "queued"
    asked: Literal["", "stop", "cancel"] = ""
    asked_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    handle: str = ""
    starts: int = 0
    kills: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class StoredPicture:
    """A picture with what counts now: the latest vote, and its marks."""

    row: PictureRow
    vote: VoteRow | None = None
    tags: tuple[str, ...] = ()
    shortlists: tuple[str, ...] = ()
    deleted: bool = False


def standing(votes: Sequence[VoteRow]) -> list[VoteRow]:
    """Of all votes on one picture, in their order, each visitor's latest one that was not undone.

    The last one that says up or down counts.
    """
    undone = {vote.undoes for vote in votes}
    latest: dict[str, VoteRow] = {}
    for vote in votes:
        if not vote.undoes and vote.id not in undone:
            latest.pop(vote.visitor, None)
            latest[vote.visitor] = vote
    return list(latest.values())
