"""The best of more pictures than were asked for, by what reviewers liked in the gallery: the one door to it.

The taste is learnt from the latest thumbs when the best are asked for, and again in the background once so many new ones
have come; a vote itself never waits for it.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ecomgen.data.store import Filter, Rated
from ecomgen.errors import EcomgenError
from ecomgen.services.generation import Generation
from ecomgen.services.recognition import Recognition
from ecomgen.services.records import GenerationRequest, Picture
from ecomgen.services.review import Review
from ecomgen.services.taste import Judged, TasteKeeper

CANDIDATES = 4
"""As many pictures are drawn for each that is shown."""

EVERY = 50
"""After so many newly judged pictures the taste is learnt again."""

MOST = 2000
"""As many pictures of each thumb are learnt from, the newest: tastes change."""


@dataclass(frozen=True)
class Learnt:
    """From how many thumbs the taste was learnt, and its AUROC on thumbs that it was not fitted on (0.5 is chance)."""

    votes: int
    held_out: float


class Favourites:
    """Draws more pictures than are asked for and shows those that reviewers will like. Safe to share between threads."""

    def __init__(self, generation: Generation, review: Review, recognition: Recognition) -> None:
        self._generation, self._review = generation, review
        self._keeper = TasteKeeper(recognition)
        self._turn = threading.Lock()
        self._judged = 0  # how many pictures were judged when it was learnt last

    def generate(self, request: GenerationRequest) -> Iterator[Picture]:
        """The best pictures of `CANDIDATES` times as many, the last one by chance, once all are drawn.

        Raises DataError at once while there are too few thumbs, and what Generation.generate raises.
        """
        self._keep_up()
        return self._chosen(request, self._generation.generate(request, CANDIDATES))

    def learn(self) -> Learnt:
        """Learn the taste from the thumbs that there are now; of several at once the others wait for it.

        Raises DataError when there are too few.
        """
        with self._turn:
            if self._judged == self._count() and (known := self.learnt()):
                return known
            judged = self._count()
            thumbs = [*self._thumbs("liked"), *self._thumbs("disliked")]
            taste = self._keeper.learn(thumbs)
            self._judged = judged
            return Learnt(taste.votes, taste.held_out)

    def learnt(self) -> Learnt | None:
        """What is known so far; None before anything was learnt."""
        taste = self._keeper.taste
        return Learnt(taste.votes, taste.held_out) if taste else None

    def _keep_up(self) -> None:
        if self._keeper.taste is None:
            self.learn()
        elif abs(self._count() - self._judged) >= EVERY:
            threading.Thread(target=self._learn_again, name="taste", daemon=True).start()

    def _learn_again(self) -> None:
        try:
            self.learn()
        except EcomgenError as error:  # the taste that there is goes on being used
            logging.getLogger(__name__).warning("The taste was not learnt again: %s", error)

    def _chosen(self, request: GenerationRequest, drawn: Iterator[Picture]) -> Iterator[Picture]:
        candidates = list(drawn)
        images, asked = [each.image for each in candidates], [each.attributes for each in candidates]
        chosen = self._keeper.choose(images, asked, request.count, candidates[0].seed)
        for number in chosen.numbers:
            yield replace(
                candidates[number], origin="best", candidates=len(candidates), variety=chosen.variety
            )

    def _count(self) -> int:
        counts = self._review.counts()
        return counts["liked"] + counts["disliked"]

    def _thumbs(self, rated: Rated) -> list[Judged]:
        newest = itertools.islice(self._review.each(Filter(rated=rated)), MOST)
        return [Judged(each.id, each.path, each.attributes, rated == "liked") for each in newest if each.path]
