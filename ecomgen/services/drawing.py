"""From recipes to pixels: noise, mapping and synthesis of one checkpoint. Runs on the thread of `compute`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ecomgen.services.recipes import Recipe, read_latent

if TYPE_CHECKING:
    from ecomgen.models.checkpoint import Checkpoint
    from ecomgen.models.mapping import Moment

TOGETHER = 4
"""Pictures drawn in one go: fast, and the first ones are soon there. Always as many at once, so that a picture's
arithmetic is the same whatever else is drawn."""


Schedules = dict[tuple[tuple[str, str | None], ...], "list[Moment]"]
"""Schedules by the attributes that they are for: one request's pictures mostly share one."""


def pixels_of(
    checkpoint: Checkpoint, recipes: Sequence[Recipe], schedules: Schedules | None = None
) -> np.ndarray:
    """uint8 [n, size, size, 3], a picture for each of at most TOGETHER recipes. Raises InvalidRequest.

    `schedules` are those that are known already; new ones are added.
    """
    with torch.inference_mode():
        return synthesise(checkpoint, latents(checkpoint, recipes, schedules))


def synthesise(checkpoint: Checkpoint, w: Tensor) -> np.ndarray:
    """w [n, w_dim] -> uint8 [n, size, size, 3]; n is at most TOGETHER."""
    with torch.inference_mode():
        draw = checkpoint.draw or checkpoint.generator.synthesis
        shown = draw(_padded(w)).clamp(-1, 1).add_(1).mul_(127.5).round_()
        return shown.to(torch.uint8).permute(0, 2, 3, 1)[: len(w)].contiguous().numpy()


def latents(checkpoint: Checkpoint, recipes: Sequence[Recipe], schedules: Schedules | None = None) -> Tensor:
    """w [n, w_dim] of each recipe; those that differ in the noise alone go through the mapping together."""
    size = checkpoint.generator.config.w_dim
    w = torch.empty(len(recipes), size)
    schedules = {} if schedules is None else schedules
    alike: dict[tuple[object, ...], list[int]] = {}
    for i, recipe in enumerate(recipes):
        if recipe.latent:
            w[i] = read_latent(recipe.latent, size)
        else:
            alike.setdefault((recipe.psi, *sorted(recipe.attributes.items())), []).append(i)
    for rows in alike.values():
        first = recipes[rows[0]]
        key = tuple(sorted(first.attributes.items()))
        if key not in schedules:
            schedules[key] = schedule(checkpoint, first.attributes)
        z = torch.cat([noise(size, recipes[i]) for i in rows])
        for part in torch.arange(len(rows)).split(TOGETHER):
            drawn = mapped(checkpoint, z[part], schedules[key], first.psi)
            w[[rows[i] for i in part]] = drawn
    return w


def mapped(checkpoint: Checkpoint, z: Tensor, moments: list[Moment], psi: float = 1.0) -> Tensor:
    """w of at most TOGETHER rows of noise."""
    drawn: Tensor = checkpoint.generator.mapping(_padded(z), moments, psi)
    return drawn[: len(z)]


def schedule(checkpoint: Checkpoint, attributes: Mapping[str, str | None]) -> list[Moment]:
    """How the mapping goes for these attributes."""
    moments: list[Moment] = checkpoint.generator.schedule(*checkpoint.vocabulary.lookup([attributes]))
    return moments


def noise(size: int, recipe: Recipe) -> Tensor:
    """Standard normal [1, size] of the seed, turned by the share `variation` towards that of the variation seed."""
    z = torch.randn(1, size, generator=torch.Generator().manual_seed(recipe.seed))
    return turned(z, recipe.variation, recipe.variation_seed)


def turned(z: Tensor, variation: float, variation_seed: int) -> Tensor:
    """Noise z [1, size] turned by a share of `variation` towards other noise of the same strength."""
    if not variation:
        return z
    # Another stream, so that the noise of variations is never that of a seed.
    source = torch.Generator().manual_seed(variation_seed)
    source.manual_seed(int(torch.randint(2**62, (), generator=source)))
    return math.sqrt(1 - variation) * z + math.sqrt(variation) * torch.randn(z.shape, generator=source)


def _padded(rows: Tensor) -> Tensor:
    """As many rows as are always drawn together; the last one fills up."""
    return torch.cat([rows, rows[-1:].expand(TOGETHER - len(rows), -1)])
