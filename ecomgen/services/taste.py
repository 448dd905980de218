"""What reviewers like, learnt from their thumbs: which of several pictures they would choose.

Features are what the recogniser sees in a picture, beside the attributes that it was made with. Nothing is learnt before there are enough
thumbs of both kinds. services/favourites.py brings the thumbs and the pictures.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ecomgen.errors import DataError
from ecomgen.schema import Attributes
from ecomgen.services.recognition import Recognition

if TYPE_CHECKING:
    from ecomgen.training.taste import Taste

EXPLORED = 1
"""As many of those that are shown are there by chance."""


@dataclass(frozen=True)
class Judged:
    """A picture that somebody judged: its file, what it was made to show, and the thumb that counts."""

    id: str
    path: Path
    attributes: Attributes
    liked: bool


@dataclass(frozen=True)
class Chosen:
    """Which candidates to show, best first, and how different these look from each other, as a share of all candidates'."""

    numbers: list[int]
    variety: float


class TasteKeeper:
    """Learns and keeps one taste; safe to share between threads."""

    def __init__(self, recognition: Recognition) -> None:
        self._recognition = recognition
        self._learning = threading.Lock()
        self._known: dict[str, np.ndarray] = {}  # features of pictures that were looked at before, by id
        self._taste: Taste | None = None

    @property
    def taste(self) -> Taste | None:
        """The taste that was learnt last; None before the first one."""
        return self._taste

    def learn(self, judged: Sequence[Judged]) -> Taste:
        """Learn from all thumbs; pictures whose files are gone count when they were seen before.

        Raises DataError when there are too few thumbs, CheckpointError where there is no recogniser.
        """
        from ecomgen.training.taste import fit_taste

        with self._learning:
            known = self._known
            new = [each for each in judged if each.id not in known and each.path.is_file()]
            if new:
                seen = self.features([_read(each.path) for each in new], [each.attributes for each in new])
                known |= {each.id: row for each, row in zip(new, seen, strict=True)}
            usable = [each for each in judged if each.id in known]
            if not usable:
                raise DataError("Nothing has been judged yet whose picture is still here.")
            self._taste = fit_taste(
                np.stack([known[each.id] for each in usable]), np.array([each.liked for each in usable])
            )
            return self._taste

    def features(
        self, images: Sequence[Image.Image], asked: Sequence[Mapping[str, str | None]]
    ) -> np.ndarray:
        """What a taste is about: [n, d]. Raises CheckpointError where there is no recogniser."""
        framed = [self._recognition.frame(image) for image in images]
        seen = self._recognition.look(framed).features
        said = np.array(
            [[each.get(name) == value for name, value in self._vocabulary()] for each in asked], np.float32
        )
        return np.concatenate([seen, said], axis=1)

    def choose(
        self, images: Sequence[Image.Image], asked: Sequence[Mapping[str, str | None]], wanted: int, seed: int
    ) -> Chosen:
        """The best of the candidates by the taste, and one by chance; without a taste the first ones."""
        from ecomgen.training.taste import choose, spread

        if self._taste is None or wanted >= len(images):
            return Chosen(list(range(min(wanted, len(images)))), 1.0)
        features = self.features(images, asked)
        explored = EXPLORED if wanted > EXPLORED else 0
        numbers = choose(self._taste.score(features), wanted, explored, np.random.default_rng(seed))
        all_ = spread(features) if len(features) > 1 else 0.0
        variety = spread(features[numbers]) / all_ if wanted > 1 and all_ > 0 else 1.0
        return Chosen(numbers.tolist(), round(variety, 3))

    def _vocabulary(self) -> list[tuple[str, str]]:
        return [(name, value) for name, values in self._recognition.values.items() for value in values]


def _read(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")
