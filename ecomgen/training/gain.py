"""What fine-tuning brought: base and new checkpoint beside each other, against photos of the set that neither learnt from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ecomgen.models.checkpoint import Checkpoint
from ecomgen.models.recogniser import Recogniser
from ecomgen.training.looking import look
from ecomgen.training.loop import UpdateProgress, quietly
from ecomgen.training.metrics.distances import kernel_distance
from ecomgen.training.metrics.memorisation import Nearest, nearest, share_nearer
from ecomgen.training.photos import Photos
from ecomgen.training.sampling import choose_rows, draw, learnt

PSI = 0.8
_NEAREST_SHOWN = 8

ShowPair = Callable[[int, Tensor, Tensor], None]
"""Is given the i-th nearest pair: a picture and the photo that it is nearest to, uint8 [s, s, 3] each."""


def unshown(i: int, picture: Tensor, photo: Tensor) -> None:
    """Nobody looks."""


def measure_gain(
    base: Checkpoint,
    tuned: Checkpoint,
    judge: Recogniser,
    photos: Photos,
    pictures: int = 400,
    seed: int = 0,
    update_progress: UpdateProgress = quietly,
    show_pair: ShowPair = unshown,
) -> dict[str, Any]:
    """Kernel distances (KID in the judge's features) of both checkpoints' pictures to the held-out photos, and of training photos as
    the floor; how many pictures are as near to a training photo as only 1 % of the held-out ones, and the nearest pairs,
    each photo once.

    Each checkpoint is asked for what training photos show, as far as it knows the words.
    """
    device = next(judge.parameters()).device
    unseen, seen = look(judge, photos.held_out), look(judge, photos.train)
    rows = choose_rows(len(photos.train), pictures, seed)

    def drawn_by(checkpoint: Checkpoint) -> Tensor:
        asked = [learnt(photos.train_products[row], checkpoint) for row in rows]
        return draw(checkpoint, asked, PSI, seed, device)

    update_progress("Drawing with the base", 0.0)
    before = kernel_distance(look(judge, drawn_by(base)), unseen, seed)
    update_progress("Drawing with the new checkpoint", 0.5)
    drawn = drawn_by(tuned)
    features = look(judge, drawn)
    after = kernel_distance(features, unseen, seed)
    floor = kernel_distance(seen[torch.tensor(sorted(set(rows)))], unseen, seed)
    copies, usual = nearest(features, seen), nearest(unseen, seen).distances
    limit = float(usual.quantile(0.01))
    closest = _of_different_photos(copies)
    for i, row in enumerate(closest):
        show_pair(i, drawn[row], photos.train[int(copies.rows[row])])
    update_progress("Drawing with the new checkpoint", 1.0)
    return {
        "judge_hash": judge.hash(),
        "pictures": pictures,
        "psi": PSI,
        "seed": seed,
        "photos": len(photos.train),
        "generated": sum(product.generated for product in photos.train_products),
        "held_out": len(photos.held_out),
        "kid_base": rounded(before),
        "kid_tuned": rounded(after),
        "kid_photos": rounded(floor),
        "near_copies_1": share_nearer(copies.distances, usual, 1),
        "nearest": [
            {
                "photo": photos.train_products[int(copies.rows[i])].name,
                "asked": learnt(photos.train_products[rows[i]], tuned),
                "distance": float(f"{float(copies.distances[i]):.5g}"),
                "near": float(copies.distances[i]) < limit,
            }
            for i in closest
        ],
    }


def _of_different_photos(copies: Nearest) -> list[int]:
    """The pictures that are nearest to a photo, the nearest first, each photo once."""
    found: dict[int, int] = {}
    for i in copies.distances.argsort(stable=True).tolist():
        found.setdefault(int(copies.rows[i]), i)
    return list(found.values())[:_NEAREST_SHOWN]


def rounded(value_and_error: tuple[float, float]) -> list[float | None]:
    """A value and its standard error, to five digits; of too few photos there is none."""
    if not all(map(math.isfinite, value_and_error)):
        return [None, None]
    return [float(f"{number:.5g}") for number in value_and_error]
