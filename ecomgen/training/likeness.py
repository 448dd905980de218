"""Which words the text encoder's vectors hold near each other: synonyms together, families near, the others apart."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from ecomgen.models.text import TextEncoder
from ecomgen.schema import Schema, Value, fold

FAMILIES: dict[str, tuple[tuple[str, ...], ...]] = {
    "category": (
        ("casual shoes", "sports shoes", "formal shoes", "booties"),
        ("heels", "flats", "sandals", "flip flops"),
        ("handbags", "backpacks", "clutches", "duffel bags", "laptop bags"),
        ("perfume", "deodorant"),
        ("earrings", "necklaces", "rings", "bracelets"),
        ("t-shirts", "shirts", "tops", "kurtas"),
        ("dresses", "skirts", "sarees"),
        ("jeans", "trousers", "shorts", "track pants"),
        ("sweatshirts", "sweaters", "jackets"),
        ("lipstick", "nail polish"),
    ),
    "colour": (
        ("grey", "charcoal", "silver"),
        ("gold", "bronze", "mustard"),
        ("brown", "coffee", "tan", "rust"),
        ("beige", "khaki", "cream"),
        ("red", "maroon"),
        ("orange", "peach"),
        ("green", "olive"),
        ("teal", "turquoise"),
        ("blue", "navy blue"),
        ("purple", "lavender"),
        ("pink", "magenta"),
    ),
    "material": (
        ("leather", "faux leather", "suede"),
        ("canvas", "denim", "cotton", "linen"),
        ("silk", "velvet"),
    ),
    "pattern": (("floral", "printed"), ("animal print", "camouflage")),
    "audience": (("men", "boys"), ("women", "girls")),
    "price": (("premium", "luxury"),),
}
"""Values that are alike: their vectors are drawn near each other (cosine 0.5), all others of an attribute apart (0)."""


def embedding_loss(encoder: TextEncoder, words: Sequence[str], wanted: Tensor) -> Tensor:
    """Squared distance between the words' cosines and the `wanted` [n, n], each kind of pair with the same weight."""
    assert encoder.readout is not None
    _, pooled = encoder.states(*encoder.tokens(words))
    vectors = encoder.readout.embed(pooled.float())
    wanted = wanted.to(vectors.device)
    error = (vectors @ vectors.T - wanted) ** 2
    apart = ~torch.eye(len(words), dtype=torch.bool, device=vectors.device)
    kinds = [(wanted == level) & apart for level in wanted.unique()]
    return torch.stack([error[kind].mean() for kind in kinds if kind.any()]).sum()


class WordPairs:
    """Draws words for the embedding: two of each of some values, and other words of titles, with the wanted cosines."""

    def __init__(self, schema: Schema, noise: Sequence[str], seed: int) -> None:
        self._random = random.Random(seed)
        self._values = [(a.name, v) for a in schema for v in a.values]
        self._noise = noise
        every = [fold(w) for _, v in self._values for w in v.words]
        self._shared = {w for w in every if every.count(w) > 1}
        alike = {
            (a, v): i
            for i, (a, group) in enumerate((a, g) for a, gs in FAMILIES.items() for g in gs)
            for v in group
        }
        families = torch.tensor([alike.get((a, v.name), -1 - i) for i, (a, v) in enumerate(self._values)])
        values = torch.arange(len(self._values))
        same, near = values[:, None] == values, families[:, None] == families
        self._cosines = torch.where(same, 1.0, torch.where(near, 0.5, 0.0))

    def sample(self, values: int = 64, noise: int = 24) -> tuple[list[str], Tensor]:
        """Words and their wanted cosines [n, n]."""
        rng = self._random
        chosen = rng.sample(range(len(self._values)), min(values, len(self._values)))
        rows = [i for i in chosen for _ in range(2)]
        words = []
        for i in rows:
            value = self._values[i][1]
            names = [w for w in value.words if fold(w) not in self._shared] or [value.name]
            words.append(value.name if rng.random() < 0.3 else rng.choice(names))
        others = rng.sample(self._noise, min(noise, len(self._noise)))
        wanted = torch.eye(len(rows) + len(others))
        wanted[: len(rows), : len(rows)] = self._cosines[rows][:, rows]
        return words + others, wanted


class KeptVectors:
    """The vectors that an earlier encoder had for the values, which all words for a value should have now.

    Generators keep the vectors that they were trained with, so a new encoder has to speak as the one before it did.
    """

    def __init__(self, earlier: TextEncoder, schema: Schema, noise: Sequence[str], seed: int) -> None:
        self.earlier = earlier
        self._random = random.Random(seed)
        values = [(v, word) for a in schema for v in a.values for word in dict.fromkeys(v.words)]
        names = {v.name: vector for v, vector in _by_name(schema, earlier)}
        meaningless = list(noise)[:2000]
        self.words = [word for _, word in values] + meaningless
        self.vectors = torch.cat(
            [torch.stack([names[v.name] for v, _ in values]), earlier.embed(meaningless)]
        )

    def loss(self, encoder: TextEncoder, count: int = 128) -> Tensor:
        """1 - the cosine between new and kept vectors, mean over `count` random words."""
        assert encoder.readout is not None
        rows = self._random.sample(range(len(self.words)), min(count, len(self.words)))
        _, pooled = encoder.states(*encoder.tokens([self.words[i] for i in rows]))
        return (
            1
            - (encoder.readout.embed(pooled.float()) * self.vectors[rows].to(pooled.device)).sum(dim=1).mean()
        )


def _by_name(schema: Schema, earlier: TextEncoder) -> list[tuple[Value, Tensor]]:
    values = [v for a in schema for v in a.values]
    return list(zip(values, earlier.embed([v.name for v in values]), strict=True))
