"""What fine-tuning brought: base and new checkpoint beside each other, against photos of the set that neither learnt from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ecomgen.models.checkpoint import Checkpoint
from ecomgen.models.recogniser import Recogniser
from ecomgen.training.looking import look
from ecomgen.training.loop import UpdateProgress, quietly
from ecomgen.training.metrics.distances import kernel_distance
from ecomgen.training.metrics.memorisation import nearest, share_nearer
from ecomgen.training.photos import Photos
from ecomgen.training.sampling import choose_rows, draw, learnt

PSI = 0.8
_NEAREST_SHOWN = 8


def measure_gain(
    base: Checkpoint,
    tuned: Checkpoint,
    judge: Recogniser,
    photos: Photos,
    pictures: int = 400,
    seed: int = 0,
    update_progress: UpdateProgress = quietly,
) -> dict[str, Any]:
    """Kernel distances (KID in the judge's features) of both checkpoints' pictures to the held-out photos, and of training photos as
    the floor; how many pictures are as near to a training photo as only 1 % of the held-out ones, and the nearest pairs.

    Each checkpoint is asked for what training photos show, as far as it knows the words.
    """
    device = next(judge.parameters()).device
    unseen, seen = look(judge, photos.held_out), look(judge, photos.train)
    rows = choose_rows(len(photos.train), pictures, seed)

    def drawn_by(checkpoint: Checkpoint) -> Tensor:
        asked = [learnt(photos.train_products[row], checkpoint) for row in rows]
        return look(judge, draw(checkpoint, asked, PSI, seed, device))

    update_progress("Drawing with the base", 0.0)
    before = kernel_distance(drawn_by(base), unseen, seed)
    update_progress("Drawing with the new checkpoint", 0.5)
    features = drawn_by(tuned)
    after = kernel_distance(features, unseen, seed)
    floor = kernel_distance(seen[torch.tensor(sorted(set(rows)))], unseen, seed)
    copies = nearest(features, seen)
    closest = copies.distances.argsort(stable=True)[:_NEAREST_SHOWN].tolist()
    update_progress("Drawing with the new checkpoint", 1.0)
    return {
        "judge_hash": judge.hash(),
        "pictures": pictures,
        "psi": PSI,
        "seed": seed,
        "photos": len(photos.train),
        "held_out": len(photos.held_out),
        "kid_base": _rounded(before),
        "kid_tuned": _rounded(after),
        "kid_photos": _rounded(floor),
        "near_copies_1": share_nearer(copies.distances, nearest(unseen, seen).distances, 1),
        "nearest": [
            {
                "photo": photos.train_products[int(copies.rows[i])].name,
                "asked": learnt(photos.train_products[rows[i]], tuned),
                "distance": float(f"{float(copies.distances[i]):.5g}"),
            }
            for i in closest
        ],
    }


def _rounded(value_and_error: tuple[float, float]) -> list[float]:
    return [float(f"{number:.5g}") for number in value_and_error]
