"""What the last phase of the generator learns from: photos with their latents, and latents that people may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ecomgen.models.condition import Condition, Vocabulary
from ecomgen.models.encoder import Encoder
from ecomgen.models.mapping import FlowMapping
from ecomgen.schema import Schema
from ecomgen.training.adversarial import AdversarialConfig, Lesson
from ecomgen.training.device import Compute
from ecomgen.training.mapping import Drawn, draw_latents, encode_photos
from ecomgen.training.photos import DataConfig, Photos, read_detail

_LEAST_DRAWN = 8_192
"""As many latents are drawn for the last phase at least."""

_BALANCED = ("category", "colour")
"""What people ask for more evenly than catalogues have it."""


@dataclass(frozen=True)
class Words:
    """What the second phase has learnt: which latents belong to which words."""

    condition: Condition
    mapping: FlowMapping
    vocabulary: Vocabulary
    schema: Schema
    counts: dict[str, dict[str, int]]
    text_encoder: str


def prepare(
    config: AdversarialConfig,
    data: DataConfig,
    path: Path,
    photos: Photos,
    size: int,
    words: Words,
    encoder: Encoder,
    compute: Compute,
    unseen: int = 0,
) -> tuple[Lesson, Drawn, Tensor]:
    """What the last phase learns from, at a full `size`, and `unseen` latents [n, w_dim] more that it does not learn from."""
    device = compute.device
    attributes: list[Mapping[str, str | None]] = [p.attributes for p in photos.train_products]
    mean, deviation = encode_photos(encoder.to(device), photos.train, compute)
    detail, rows = read_detail(data, path, photos.train_products, size)
    lesson = Lesson(photos.train, mean, deviation, words.vocabulary.numbers(attributes), detail, rows)
    names, values, known = (each.to(device) for each in words.vocabulary.lookup(attributes))
    # Every photo, and again those with detail; of a small set each several times, with other noise.
    every = torch.cat([torch.arange(len(photos.train)), rows])
    chance = torch.Generator().manual_seed(config.seed)
    weights = evenly(lesson.numbers[:, _columns(words.vocabulary)], config.balance)
    weights = (weights * torch.tensor([p.vote_weight for p in photos.train_products]))[every]
    count = max(len(every), _LEAST_DRAWN)
    wanted = every[torch.multinomial(weights, count, replacement=True, generator=chance)]
    # The unseen ones come last, so that they do not change what is learnt from.
    spread = torch.arange(unseen) * len(photos.train) // max(unseen, 1)
    wanted = torch.cat([wanted, spread])
    drawn = draw_latents(
        words.condition.to(device),
        words.mapping.to(device),
        (names, values, known),
        wanted,
        config.keep,
        config.seed,
    )
    return lesson, Drawn(*(each[:count] for each in drawn)), drawn.w[count:]


def evenly(numbers: Tensor, balance: float) -> Tensor:
    """How often each row [n] should be drawn, by its values' numbers [n, k]: a combination that c rows have is drawn
    c ** (1 - balance) times as often as one that a single row has, so that rare ones are learnt too."""
    _, group, count = numbers.unique(dim=0, return_inverse=True, return_counts=True)
    return count[group].float() ** -balance


def _columns(vocabulary: Vocabulary) -> list[int]:
    return [i for i, name in enumerate(vocabulary.names) if name in _BALANCED]
