"""What a fine-tuned checkpoint has forgotten: asked for the words of its base, does it still draw what the base drew?

The base's own photos are not shipped with it, so its pictures stand in for them, and other pictures of the base are the
floor. Where the photos are at hand, both checkpoints are compared with those of them that neither learnt from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from ecomgen.errors import DataError
from ecomgen.models.checkpoint import Checkpoint
from ecomgen.models.recogniser import Recogniser
from ecomgen.schema import Attributes
from ecomgen.training.gain import PSI, rounded
from ecomgen.training.looking import look
from ecomgen.training.loop import UpdateProgress, quietly
from ecomgen.training.metrics.accuracy import attribute_accuracy
from ecomgen.training.metrics.distances import kernel_distance
from ecomgen.training.photos import DataConfig, Photos, read_photos
from ecomgen.training.sampling import choose_rows, draw, learnt
from ecomgen.training.selection import LEAST

MOST_PHOTOS = 2_000
"""As many of the base's training photos are looked at."""


def read_base_photos(base: Checkpoint, path: Path, size: int) -> Photos:
    """The base's own photos, those that it did not learn from held out. Raises DataError."""
    training = base.training
    data = DataConfig(
        categories=tuple(base.counts.get("category", ())),
        trim=bool(training.get("trim", True)),
        held_out=float(training.get("held_out_share", 0.05)),
    )
    photos = read_photos(data, path, size, MOST_PHOTOS)
    if min(len(photos.held_out), len(photos.train)) < LEAST:
        raise DataError(f"{path.name} has too few photos of what the base knows.")
    return photos


def measure_forgotten(
    base: Checkpoint,
    tuned: Checkpoint,
    judge: Recogniser,
    photos: Photos | None = None,
    pictures: int = 200,
    seed: int = 0,
    update_progress: UpdateProgress = quietly,
) -> dict[str, Any]:
    """Which of the base's product words the new checkpoint kept and lost, and for those kept, asked evenly: how often the judge
    sees in a picture what was asked for, before and after, and the kernel distance of the new pictures to the base's, with that
    of other pictures of the base as the floor. A word that was lost means nothing any more, so nothing is drawn for it.

    With the base's `photos` also: kernel distances of both checkpoints' pictures, and of training photos, to the held-out ones.
    """
    name = "category" if "category" in base.counts else next(iter(base.counts), "")
    words = base.counts.get(name, {})
    kept = [word for word in words if word in tuned.counts.get(name, {})]
    device = next(judge.parameters()).device

    def seen(checkpoint: Checkpoint, asked: list[Attributes], seed: int) -> Tensor:
        return look(judge, draw(checkpoint, asked, PSI, seed, device))

    told: dict[str, Any] = {
        "attribute": name,
        "kept": kept,
        "lost": [word for word in words if word not in kept],
    }
    if kept:
        asked: list[Attributes] = [{name: kept[i % len(kept)]} for i in range(pictures)]
        update_progress("Asking for the base's words", 0.0)
        before, others = seen(base, asked, seed), seen(base, asked, seed + 1)
        update_progress("Asking for the base's words", 0.5)
        after = seen(tuned, asked, seed)
        shared = {name: set(kept) & set(judge.config.values.get(name, ()))}
        right = [attribute_accuracy(judge, each, asked, shared).get(name) for each in (before, after)]
        told |= {
            "pictures": pictures,
            "right_base": rounded((right[0].share, right[0].error)) if right[0] else None,
            "right_tuned": rounded((right[1].share, right[1].error)) if right[1] else None,
            "kid": rounded(kernel_distance(after, before, seed)),
            "kid_floor": rounded(kernel_distance(others, before, seed)),
        }
    if photos is not None:
        rows = choose_rows(len(photos.train), pictures, seed)
        shown = [photos.train_products[row] for row in rows]
        unseen = look(judge, photos.held_out)

        def distance(features: Tensor) -> list[float | None]:
            return rounded(kernel_distance(features, unseen, seed))

        update_progress("Comparing with the base's photos", 0.0)
        told["photos"] = {
            "held_out": len(photos.held_out),
            "kid_base": distance(seen(base, [learnt(product, base) for product in shown], seed)),
            "kid_tuned": distance(seen(tuned, [learnt(product, tuned) for product in shown], seed)),
            "kid_photos": distance(look(judge, photos.train[sorted(set(rows))])),
        }
    update_progress("Asking for the base's words", 1.0)
    return told
