"""Photos and texts in one space: a text encoder that learns beside a recogniser which photos a text describes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ecomgen.data.products import Product
from ecomgen.errors import ConfigError
from ecomgen.models.text import TextEncoder
from ecomgen.schema import Attributes, Schema
from ecomgen.training.lexicon import Lexicon
from ecomgen.training.likeness import KeptVectors
from ecomgen.training.prompts.maker import PromptMaker
from ecomgen.training.readout import Labelled, targets
from ecomgen.training.text import TextBatches, Titles, reading_loss, title_attributes

_TITLES = 0.25  # of the texts that only teach to read
_ORDER = ("colour", "pattern", "material", "category")
_FOR = {"men": "for men", "women": "for women", "boys": "for boys", "girls": "for girls", "kids": "for kids", "unisex": "unisex"}  # fmt: skip


class Captions:
    """A text for each photo: its title, or words for some of its attributes, in English or Chinese."""

    def __init__(self, schema: Schema, products: Sequence[Product]) -> None:
        lexicon = Lexicon(schema)
        self._values = {a.name: {v.name: v for v in a.values} for a in schema}
        self._products = products
        self._said = [title_attributes(lexicon, p.title, p.attributes) if p.title else {} for p in products]

    def draw(self, row: int, rng: random.Random) -> tuple[str, Attributes]:
        """A text for the photo of that number and what the text asserts; "" where nothing is known of the photo."""
        if self._products[row].title and rng.random() < 0.4:
            return self._products[row].title, self._said[row]
        attributes = self._products[row].attributes
        known = {
            n: v for n in (*_ORDER, "audience") if (v := attributes.get(n)) and v in self._values.get(n, {})
        }
        said: Attributes = {n: v for n, v in known.items() if n == "category" or rng.random() < 0.6}
        chinese = rng.random() < 0.45
        words = {name: self._word(name, value, chinese, rng) for name, value in said.items() if value}
        front = [words[name] for name in _ORDER if name in words]
        if chinese:
            return "".join([f"{words['audience']}的", *front] if "audience" in words else front), said
        back = _FOR.get(said.get("audience") or "")
        return " ".join([*front, back] if back else front), said

    def _word(self, name: str, value: str, chinese: bool, rng: random.Random) -> str:
        words = self._values[name][value]
        first, others = (words.zh, words.cn) if chinese else (words.name, words.en)
        return rng.choice(others) if others and rng.random() < 0.5 else first or words.name


def describes(texts: Labelled, photos: Sequence[Attributes], schema: Schema) -> Tensor:
    """Which photo is as which text says: bool [photos, texts]; each text's own photo, of the same number, always is."""
    said, shown = targets(schema, texts), targets(schema, [("", attributes) for attributes in photos])
    fits = ((said[None] == 0) | (said[None] == shown[:, None])).all(dim=2)
    says_nothing = (said == 0).all(dim=1)
    return (fits & ~says_nothing) | torch.eye(len(photos), dtype=torch.bool)


def contrastive_loss(photos: Tensor, texts: Tensor, fits: Tensor, scale: Tensor) -> Tensor:
    """CLIP's loss (Radford et al. 2021) where a text may describe several photos: the mean log-probability of all that fit
    (UniCL, Yang et al. 2022, eq. 3-4). Vectors [n, d] of length 1, fits bool [n, n], scale: the inverse temperature."""
    similarity = scale * photos @ texts.T
    wanted = fits.to(similarity)
    by_photo = -(similarity.log_softmax(dim=1) * wanted).sum(1) / wanted.sum(1)
    by_text = -(similarity.log_softmax(dim=0) * wanted).sum(0) / wanted.sum(0)
    return (by_photo.mean() + by_text.mean()) / 2


class TextSide(nn.Module):
    """The text encoder with what its training beside photos needs; goes on reading prompts as it did before."""

    def __init__(
        self,
        folder: Path,
        titles: Titles,
        products: Sequence[Product],
        batch: int,
        smoothing: float,
        seed: int,
    ) -> None:
        """Starts as the encoder in `folder`. Raises CheckpointError, ConfigError."""
        super().__init__()
        self.encoder, earlier = (
            TextEncoder.load(folder).requires_grad_(True).train(),
            TextEncoder.load(folder),
        )
        if self.encoder.readout is None:
            raise ConfigError(f"The text encoder in {folder} has no readout.")
        schema = self.encoder.readout.schema
        self.encoder.readout.temperatures.fill_(1.0)
        self.log_scale = nn.Parameter(torch.tensor(1 / 0.07).log())
        self.titles = titles
        self.kept = KeptVectors(earlier, schema, titles.noise, seed)
        self._captions = Captions(schema, products)
        self._batches = TextBatches(PromptMaker(schema, seed, titles.noise), titles, batch, _TITLES, seed)
        self._photos = [p.attributes for p in products]
        self._smoothing = smoothing

    def losses(self, photos: Tensor, rows: Tensor, rng: random.Random) -> dict[str, Tensor]:
        """`photos`: the vectors [n, dim] of the photos of numbers `rows` -> how badly texts find them, prompts are read, and
        the vectors that condition the generators are kept."""
        readout = self.encoder.readout
        assert readout is not None
        texts = [self._captions.draw(row, rng) for row in rows.tolist()]
        fits = describes(texts, [self._photos[row] for row in rows.tolist()], readout.schema)
        _, pooled = self.encoder.states(*self.encoder.tokens([text for text, _ in texts]))
        scale = self.log_scale.exp().clamp(max=100)
        return {
            "contrast": contrastive_loss(
                photos, readout.describe(pooled.float()), fits.to(photos.device), scale
            ),
            "reading": reading_loss(self.encoder, self._batches.next(), self._smoothing, rng),
            "kept": self.kept.loss(self.encoder, len(rows) // 2),
        }
