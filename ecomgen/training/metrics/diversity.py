"""How much pictures that were asked for with the same words differ from each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Diversity(NamedTuple):
    """`share`: `generated` over `real`, which are mean distances; `conditions`: how many are in both sets often enough."""

    share: float
    generated: float
    real: float
    conditions: int


def diversity_within_condition(
    generated: Tensor,
    asked: Sequence[Hashable],
    real: Tensor,
    shown: Sequence[Hashable],
    least: int = 4,
) -> Diversity | None:
    """Mean distance between the pictures of one condition against that between real photos of it.

    Vectors [n, d] with the condition of each, and [m, d] with theirs; conditions that either set has fewer than `least`
    times do not count, all others count the same. None where no condition is left.
    """
    pictures, photos = _groups(asked, least), _groups(shown, least)
    common = [condition for condition in pictures if condition in photos]
    if not common:
        return None
    ours = float(torch.stack([_spread(generated[pictures[c]]) for c in common]).mean())
    theirs = float(torch.stack([_spread(real[photos[c]]) for c in common]).mean())
    return Diversity(ours / theirs if theirs else 1.0, ours, theirs, len(common))


def _groups(conditions: Sequence[Hashable], least: int) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i, condition in enumerate(conditions):
        groups[condition].append(i)
    return {condition: rows for condition, rows in groups.items() if len(rows) >= least}


def _spread(vectors: Tensor) -> Tensor:
    return torch.pdist(vectors.double()).mean()
