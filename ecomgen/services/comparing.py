"""Two pictures, blind: which one is better, and which checkpoint wins more often."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from random import SystemRandom
from threading import BoundedSemaphore, Lock
from typing import get_args

import numpy as np

from ecomgen.data.store import ComparisonRow, Filter, Store, Winner
from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.schema import fold
from ecomgen.services.bradley_terry import fit, win_rates
from ecomgen.services.generation import Generation
from ecomgen.services.records import GenerationRequest
from ecomgen.services.review import Review, ReviewedPicture
from ecomgen.services.review_input import checked_id, checked_name, checked_text

_AT_ONCE = 200  # of so many pictures two are dealt, the newest first
_PAGES = 25  # older ones are not dealt
_WAITING = 3  # duels at a time: one is drawn, the others wait for it
_MAX_VISITOR = 64
_CHANCE = SystemRandom()


@dataclass(frozen=True)
class Pair:
    """Two pictures to choose from. Which side is whose was decided by chance, and nothing here tells it."""

    left: str
    right: str
    left_prompt: str
    right_prompt: str


@dataclass(frozen=True)
class Revealed:
    """The checkpoints (name and the beginning of the hash) that made the two pictures."""

    left: str
    right: str


@dataclass(frozen=True)
class WinRate:
    """How often a checkpoint beats another one (0 to 1), with its 95 % interval, and of how many comparisons that is known."""

    model: str
    rate: float
    low: float
    high: float
    comparisons: int


class Comparing:
    """Deals pairs, keeps what people answer and ranks checkpoints. Safe for many visitors at once.

    Raises InvalidRequest for a value that the page could not have sent, StoreError when the database cannot be used.
    """

    def __init__(self, review: Review, generation: Generation, store: Store) -> None:
        self._review, self._generation, self._store = review, generation, store
        self._waiting, self._turn = BoundedSemaphore(_WAITING), Lock()

    def duel(
        self,
        first: str,
        second: str,
        prompt: str,
        seed: int | None = None,
        visitor: str = "",
        language: str = "en",
    ) -> Pair:
        """The same prompt and seed drawn by two checkpoints, both kept in the gallery, dealt blind.

        Raises what `Generation.generate` does, and EcomgenError when several others wait already.
        """
        usable = {summary.name for summary in self._generation.models() if summary.problem is None}
        if not {type(first), type(second)} == {str} or not {first, second} <= usable:
            raise InvalidRequest("There is no checkpoint of this name that can be used.")
        if first == second:
            raise InvalidRequest("Please choose two different checkpoints.")
        if not isinstance(prompt, str) or not (seed is None or type(seed) is int):
            raise InvalidRequest("A comparison needs a prompt.")
        visitor = checked_text("visitor", visitor, _MAX_VISITOR)
        seed = secrets.randbelow(2**31) if seed is None else seed
        if not self._waiting.acquire(blocking=False):
            raise EcomgenError("Other comparisons are being drawn; please try again in a moment.")
        try:
            with self._turn:
                # Another try from another seed would no longer be the same question to both.
                made = [
                    picture
                    for model in (first, second)
                    for picture in self._generation.generate(
                        GenerationRequest(prompt=prompt, count=1, seed=seed, model=model, retry=False)
                    )
                ]
        finally:
            self._waiting.release()
        # Also their order in the gallery is one by chance. The label in a PNG names its checkpoint: who reads the
        # file's metadata is not blind, which is left to the reader's honesty.
        _CHANCE.shuffle(made)
        kept = self._review.record(made, language, visitor, self._generation.understand(prompt))
        return Pair(kept[0].id, kept[1].id, made[0].prompt, made[1].prompt)

    def pair(self, visitor: str = "", picture_ids: Sequence[str] = ()) -> Pair | None:
        """Two pictures of the gallery: those of the ids, or two that this visitor has not compared yet; None without any.

        Those for the same prompt by different checkpoints come first, then of the same prompt, then of the same
        category; newer pictures before older ones.
        """
        visitor = checked_text("visitor", visitor, _MAX_VISITOR)
        if picture_ids:
            return _dealt(*self._two(picture_ids))
        compared = {
            frozenset((row.left_id, row.right_id))
            for row in self._store.comparisons()
            if row.visitor == visitor
        }
        after = ""
        for _ in range(_PAGES):
            page = self._review.page(Filter(), after=after, limit=_AT_ONCE)
            some, after = [p for p in page.pictures if p.path], page.after
            best: dict[int, list[tuple[ReviewedPicture, ReviewedPicture]]] = {}
            prompts = {p.id: fold(p.prompt) for p in some}  # there are many more pairs than pictures
            for one, other in combinations(some, 2):
                rank = _likeness(one, other, prompts[one.id] == prompts[other.id])
                if rank and frozenset((one.id, other.id)) not in compared:
                    best.setdefault(rank, []).append((one, other))
            if best:
                return _dealt(*_CHANCE.choice(best[max(best)]))
            if not after:
                break
        return None

    def judge(
        self,
        comparison_id: str,
        left_id: str,
        right_id: str,
        winner: Winner,
        visitor: str = "",
        reviewer: str = "",
    ) -> Revealed:
        """Remember which picture is better, or neither; on disk on return. A repeated id is one comparison."""
        if not isinstance(winner, str) or winner not in get_args(Winner):
            raise InvalidRequest("The better picture is the left one, the right one, or neither.")
        left, right = self._two([left_id, right_id])
        row = ComparisonRow(
            id=checked_id("comparison", comparison_id),
            left_id=left.id,
            right_id=right.id,
            winner=winner,
            visitor=checked_text("visitor", visitor, _MAX_VISITOR),
            created_at=datetime.now(UTC),
            reviewer=checked_name("name", reviewer),
        )
        self._store.add_comparisons([row])
        return Revealed(_checkpoint(left), _checkpoint(right))

    def undo(self, comparison_id: str, visitor: str) -> bool:
        """Let a comparison of this visitor count no more; False when it did not count."""
        row = self._store.comparison(checked_id("comparison", comparison_id))
        if row is None or not visitor or row.visitor != visitor or row.undoes:
            raise InvalidRequest("Only your own comparisons can be undone.")
        if row.id not in {counting.id for counting in self._store.comparisons()}:
            return False
        undoing = ComparisonRow(
            id=secrets.token_hex(16),
            left_id=row.left_id,
            right_id=row.right_id,
            winner=row.winner,
            visitor=visitor,
            created_at=datetime.now(UTC),
            undoes=row.id,
        )
        return bool(self._store.add_comparisons([undoing]))

    def win_rates(self) -> list[WinRate]:
        """Every checkpoint that met another one, the best first; a draw is half a win for each."""
        met = [
            (left, right, row.winner)
            for row, left, right in self._judged()
            if left != right  # two pictures of one checkpoint say nothing about checkpoints
        ]
        models = sorted({model for left, right, _ in met for model in (left, right)})
        if not models:
            return []
        place = {model: i for i, model in enumerate(models)}
        wins = np.zeros((len(models), len(models)))
        for left, right, winner in met:
            share = {"left": 1.0, "right": 0.0, "neither": 0.5}[winner]
            wins[place[left], place[right]] += share
            wins[place[right], place[left]] += 1 - share
        counts = (wins + wins.T).sum(1)
        rates = [
            WinRate(model, rate, low, high, round(counts[place[model]]))
            for model, (rate, low, high) in zip(models, win_rates(fit(wins)), strict=True)
        ]
        return sorted(rates, key=lambda one: -one.rate)

    def _two(self, picture_ids: Sequence[str]) -> tuple[ReviewedPicture, ReviewedPicture]:
        found = self._review.find(picture_ids)
        if len(found) != 2:
            raise InvalidRequest("Please choose two different pictures.")
        return found[0], found[1]

    def _judged(self) -> list[tuple[ComparisonRow, str, str]]:
        """Every comparison that counts with the checkpoints of its left and its right picture."""
        rows = self._store.comparisons()
        ids = list(dict.fromkeys(id for row in rows for id in (row.left_id, row.right_id)))
        model = self._store.checkpoints(ids)
        return [(row, model[row.left_id], model[row.right_id]) for row in rows]


def _likeness(one: ReviewedPicture, other: ReviewedPicture, same_prompt: bool) -> int:
    """How much two pictures answer the same question; 0: not at all."""
    if same_prompt and one.attributes == other.attributes:
        return 3 if _checkpoint(one) != _checkpoint(other) else 2
    category = one.attributes.get("category")
    return int(category is not None and category == other.attributes.get("category"))


def _dealt(one: ReviewedPicture, other: ReviewedPicture) -> Pair:
    left, right = _CHANCE.sample([one, other], 2)
    return Pair(left.id, right.id, left.prompt, right.prompt)


def _checkpoint(picture: ReviewedPicture) -> str:
    return f"{picture.model} {picture.model_hash[:8]}".strip()
