"""Measuring a generator: draw pictures in the place of training photos, and compare both with photos that were held out.

reference = look_at_photos(judge, photos)                            once a set and judge
large = read_large(photos, size, ...)                                only for pictures larger than the judge's
evaluate_generator(checkpoint, judge, photos, reference, options)    for each checkpoint -> plain data
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ecomgen.data.photos import photo_array
from ecomgen.data.products import Product, read_products
from ecomgen.errors import CheckpointError, DataError
from ecomgen.models.checkpoint import Checkpoint
from ecomgen.models.recogniser import Recogniser
from ecomgen.schema import Attributes
from ecomgen.training.looking import look, look_closely
from ecomgen.training.loop import UpdateProgress, quietly
from ecomgen.training.metrics.accuracy import Accuracy, attribute_accuracy, shared_values
from ecomgen.training.metrics.distances import frechet_distance, kernel_distance
from ecomgen.training.metrics.diversity import diversity_within_condition
from ecomgen.training.metrics.inception import NoInception, inception_distance, load_inception
from ecomgen.training.metrics.manifold import overlap
from ecomgen.training.metrics.memorisation import Nearest, nearest, share_nearer
from ecomgen.training.metrics.scores import accuracy_key
from ecomgen.training.photos import Photos
from ecomgen.training.progress import Ticker, part_of
from ecomgen.training.sampling import choose_rows, draw, learnt

FORMAT = 1
NEIGHBOURS = 5
LEAST = 12
"""As many held-out photos, training photos and pictures there must be."""

_DRAWING, _LOOKING, _INCEPTION = 27.0, 4.4, 350.0  # milliseconds a picture on one core, for the progress only
_CLOSELY = 300
"""As many pictures, photos in their place and held-out photos are looked at in parts."""

_PERCENTILES = (1, 5, 25, 50, 75, 95)
_NEAREST_SHOWN = 5
_HALVINGS = 5


@dataclass(frozen=True)
class EvaluationOptions:
    """`psi` in [0, 1] as when generating; `inception` also asks for the FID of papers."""

    pictures: int = 2000
    seed: int = 0
    psi: float = 0.8
    inception: bool = False


@dataclass(frozen=True)
class Reference:
    """The judge's features, float64 [n, 256], of photos that training saw and of those that it did not."""

    training: Tensor
    held_out: Tensor
    nearest: Nearest  # of each held-out photo, among the training photos


def look_at_photos(judge: Recogniser, photos: Photos, update_progress: UpdateProgress = quietly) -> Reference:
    """What the judge sees in all photos of a set. Raises DataError when they are too few to compare with."""
    for what, n in (("held-out", len(photos.held_out)), ("training", len(photos.train))):
        if n < LEAST:
            raise DataError(
                f"The set has only {n} {what} photos that can be used; at least {LEAST} are needed."
            )
    tick = Ticker("Looking at real photos", len(photos.train) + len(photos.held_out), update_progress)
    training = look(judge, photos.train, tick)
    held_out = look(judge, photos.held_out, tick)
    return Reference(training, held_out, nearest(held_out, training))


@dataclass(frozen=True)
class Large:
    """Some photos at the full size of the pictures, uint8 [n, size, size, 3], of those in `Photos`."""

    train: Tensor
    held_out: Tensor


def read_large(
    photos: Photos, size: int, trim: bool, data: Path | None = None, aspect: float | None = None
) -> Large | None:
    """At most _CLOSELY training and held-out photos each at `size`, from `data`, a set that has the same names.

    `aspect` is the true width/height of its photos, where these were squeezed. Without `data` they are the set's own. Those
    that are smaller than `size` say nothing of detail and are left out; None where fewer than LEAST are left of either.
    """
    names = {p.name for p in (*photos.train_products, *photos.held_out_products)}
    larger = {p.name: p for p in read_products(data).products if p.name in names} if data else None

    def read(products: Sequence[Product]) -> Tensor:
        found = [larger[p.name] for p in products if p.name in larger] if larger is not None else products
        chosen = (
            [found[i] for i in choose_rows(len(found), min(len(found), 2 * _CLOSELY), 0)] if found else []
        )
        sharp = [p for p in chosen if p.side() >= size][:_CLOSELY]
        return torch.from_numpy(photo_array(sharp, size, trim, aspect)[0])

    large = Large(read(photos.train_products), read(photos.held_out_products))
    return large if min(len(large.train), len(large.held_out)) >= LEAST else None


def evaluate_generator(
    checkpoint: Checkpoint,
    judge: Recogniser,
    photos: Photos,
    reference: Reference,
    options: EvaluationOptions,
    update_progress: UpdateProgress = quietly,
    large: Large | None = None,
) -> dict[str, Any]:
    """All scores as plain data, the same for the same seed on the same machine, but for `speed`.

    Training photos are drawn at random, and for each a picture is generated with its attributes. Both the pictures
    and those photos are compared with all held-out photos: the second is the floor (or ceiling) at the same sizes.
    Raises CheckpointError when judge and checkpoint have no value in common.
    """
    values = shared_values(judge, checkpoint.counts)
    if not values:
        raise CheckpointError(
            f"The judge knows none of the values that the checkpoint “{checkpoint.name}” has learnt, so it cannot judge it."
        )
    inception_share = _INCEPTION / (_INCEPTION + _DRAWING + _LOOKING) if options.inception else 0.0
    ours = part_of(update_progress, 0.0, 1 - inception_share)
    drawn = _draw_in_place(checkpoint, judge, photos, options, ours)
    copies = nearest(drawn.features, reference.training)
    shown = [learnt(product, checkpoint) for product in photos.held_out_products]
    accuracies = _accuracies(judge, values, (drawn.features, drawn.asked), (reference.held_out, shown))
    diversity = diversity_within_condition(
        drawn.features, [_key(a) for a in drawn.asked], reference.held_out, [_key(a) for a in shown]
    )
    beside = reference.training[drawn.in_place]
    scores = {accuracy_key(name): _beside(*pair) for name, pair in accuracies.items()}
    scores |= {"diversity": {"generated": diversity.share, "real": 1.0}} if diversity else {}
    scores |= _overlaps(reference.held_out, drawn.features, beside)
    scores |= {f"near_copies_{percent}": _near_copies(copies, reference, percent) for percent in (1, 5)}
    scores |= _distances(reference.held_out, drawn.features, beside, options.seed)
    if large is not None and checkpoint.generator.config.size > judge.size:
        scores["detail_fd"] = _detail_distance(judge, drawn.pictures, large)
    inception_problem = None
    if options.inception:
        try:
            scores["inception_fid"] = _inception(
                photos, drawn, part_of(update_progress, 1 - inception_share, 1.0)
            )
        except NoInception as error:
            inception_problem = str(error)
    update_progress("Done", 1.0)

    return _rounded(
        {
            "format": FORMAT,
            "model": checkpoint.name,
            "model_hash": checkpoint.hash,
            "judge_hash": judge.hash(),
            "seed": options.seed,
            "psi": options.psi,
            "sizes": {
                "pictures": len(drawn.pictures),
                "photos_in_their_place": len(drawn.in_place),
                "held_out_photos": len(photos.held_out),
                "training_photos": len(photos.train),
                "picture_px": checkpoint.generator.config.size,
                "judge_px": judge.size,
                "features": drawn.features.shape[1],
                "neighbours": NEIGHBOURS,
                **({"large_photos": len(large.held_out)} if large and "detail_fd" in scores else {}),
            },
            "scores": scores,
            "accuracy": {
                name: {
                    "share_of_ceiling": ours.share / max(ceiling.share, 1e-9),
                    "pictures": ours.pictures,
                    "photos": ceiling.pictures,
                    "values": len(values[name]),
                }
                for name, (ours, ceiling) in accuracies.items()
            },
            "diversity": diversity._asdict() if diversity else None,
            "halves": _halves(reference.held_out, drawn.features, options.seed),
            "nearest": {
                "percentiles": list(_PERCENTILES),
                "generated": _percentiles(copies.distances),
                "held_out": _percentiles(reference.nearest.distances),
                "nearest_pictures": _nearest_pictures(copies, drawn.asked, photos.train_products),
            },
            "inception_problem": inception_problem,
            "speed": {"images_per_second": len(drawn.pictures) / drawn.seconds},
        }
    )


@dataclass(frozen=True)
class _Drawn:
    """Pictures (uint8 [n, s, s, 3]), what each was asked to be, what the judge sees; `in_place`: rows of training photos."""

    pictures: Tensor
    asked: list[Attributes]
    in_place: Tensor
    features: Tensor
    seconds: float


def _draw_in_place(
    checkpoint: Checkpoint,
    judge: Recogniser,
    photos: Photos,
    options: EvaluationOptions,
    update_progress: UpdateProgress,
) -> _Drawn:
    """A picture with the attributes of each of the training photos that chance picks."""
    rows = choose_rows(len(photos.train), options.pictures, options.seed)
    asked = [learnt(photos.train_products[i], checkpoint) for i in rows]
    device = next(judge.parameters()).device
    share = _DRAWING / (_DRAWING + _LOOKING)
    start = time.perf_counter()
    tick = Ticker("Drawing", len(rows), part_of(update_progress, 0.0, share))
    pictures = draw(checkpoint, asked, options.psi, options.seed, device, tick)
    seconds = time.perf_counter() - start
    features = look(judge, pictures, Ticker("Judging", len(rows), part_of(update_progress, share, 1.0)))
    return _Drawn(pictures, asked, torch.tensor(sorted(set(rows))), features, seconds)


def _inception(photos: Photos, drawn: _Drawn, update_progress: UpdateProgress) -> dict[str, float]:
    """The FID of papers, of the pictures and of the photos in whose place they are. Raises NoInception."""
    metric = load_inception().to("cuda" if torch.cuda.is_available() else "cpu")
    sets = [drawn.pictures, photos.train[drawn.in_place]]
    tick = Ticker("Inception FID", len(photos.held_out) + sum(map(len, sets)), update_progress)
    ours, theirs = inception_distance(metric, photos.held_out, sets, tick)
    return {"generated": ours, "real": theirs}


def _distances(held_out: Tensor, pictures: Tensor, photos: Tensor, seed: int) -> dict[str, dict[str, float]]:
    kid, kid_error = kernel_distance(pictures, held_out, seed)
    floor, floor_error = kernel_distance(photos, held_out, seed)
    fd = {"generated": frechet_distance(pictures, held_out), "real": frechet_distance(photos, held_out)}
    kernel = {"generated": kid, "real": floor, "generated_error": kid_error, "real_error": floor_error}
    return {"fd": fd, "kid": kernel}


def _detail_distance(judge: Recogniser, pictures: Tensor, large: Large) -> dict[str, float]:
    held_out = look_closely(judge, large.held_out)
    same = min(len(pictures), len(large.train))  # the distance depends on how many there are
    ours, theirs = (look_closely(judge, each[:same]) for each in (pictures, large.train))
    return {
        "generated": frechet_distance(ours, held_out),
        "real": frechet_distance(theirs, held_out),
    }


def _overlaps(held_out: Tensor, pictures: Tensor, photos: Tensor) -> dict[str, dict[str, float]]:
    ours = overlap(held_out, pictures, NEIGHBOURS)._asdict()
    theirs = overlap(held_out, photos, NEIGHBOURS)._asdict()
    return {name: {"generated": ours[name], "real": theirs[name]} for name in ours}


def _accuracies(
    judge: Recogniser,
    values: Mapping[str, set[str]],
    generated: tuple[Tensor, Sequence[Attributes]],
    real: tuple[Tensor, Sequence[Attributes]],
) -> dict[str, tuple[Accuracy, Accuracy]]:
    """Attribute -> how often the judge is right of pictures (vectors, what was asked) and of photos (what they show).

    Attributes of which fewer than LEAST say anything are left out.
    """
    ours, theirs = (attribute_accuracy(judge, *each, values) for each in (generated, real))
    pairs = {name: (ours[name], theirs[name]) for name in ours if name in theirs}
    return {name: pair for name, pair in pairs.items() if min(each.pictures for each in pair) >= LEAST}


def _beside(ours: Accuracy, ceiling: Accuracy) -> dict[str, float]:
    return {
        "generated": ours.share,
        "real": ceiling.share,
        "generated_error": ours.error,
        "real_error": ceiling.error,
    }


def _near_copies(copies: Nearest, reference: Reference, percent: int) -> dict[str, float]:
    share = share_nearer(copies.distances, reference.nearest.distances, percent)
    return {"generated": share, "real": percent / 100}


def _halves(held_out: Tensor, pictures: Tensor, seed: int) -> dict[str, float]:
    """One half of the held-out photos against the other, and as many pictures against that other; means of some halvings.

    Neither judge nor generator saw any of these, as the training photos that are the floor of `scores` were seen.
    """
    chance = torch.Generator().manual_seed(seed)
    half = min(len(held_out) // 2, len(pictures))
    real, generated = [], []
    for _ in range(_HALVINGS):
        photos = held_out[torch.randperm(len(held_out), generator=chance)]
        some = pictures[torch.randperm(len(pictures), generator=chance)[:half]]
        real.append(frechet_distance(photos[:half], photos[-half:]))
        generated.append(frechet_distance(some, photos[-half:]))
    return {"photos": half, "fd_real": sum(real) / _HALVINGS, "fd_generated": sum(generated) / _HALVINGS}


def _key(attributes: Mapping[str, str | None]) -> tuple[tuple[str, str | None], ...]:
    return tuple(sorted(attributes.items()))


def _percentiles(distances: Tensor) -> list[float]:
    return torch.quantile(distances, torch.tensor(_PERCENTILES, dtype=torch.float64) / 100).tolist()


def _nearest_pictures(
    copies: Nearest, asked: Sequence[Attributes], products: Sequence[Product]
) -> list[dict[str, Any]]:
    """Those to look at when copying is suspected: number of the picture, and its photo's name in the set."""
    found = copies.distances.argsort(stable=True)[:_NEAREST_SHOWN].tolist()
    return [
        {
            "picture": i,
            "distance": float(copies.distances[i]),
            "photo": products[int(copies.rows[i])].name,
            "asked": asked[i],
        }
        for i in found
    ]


def _rounded(value: Any) -> Any:
    """Five significant digits: more than the measures are good for, and a diff that can be read."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value
