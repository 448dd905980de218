"""Measuring a checkpoint on a product set: evaluate(request) -> plain data, ready for a file, a table or a plot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecomgen.errors import CheckpointError, InvalidRequest
from ecomgen.settings import Settings

if TYPE_CHECKING:
    from ecomgen.models.checkpoint import Checkpoint
    from ecomgen.training.photos import Photos

Progress = Callable[[str, float], None]

HELD_OUT = 0.05
"""The share of a set's photos, by name, that no training learns from."""

_PICTURES = range(50, 100_001)
_READING, _REAL = 0.18, 0.6  # shares of the time that are over after reading, and after looking at the photos


@dataclass(frozen=True)
class EvaluationRequest:
    """What is measured: checkpoints by name or folder; psi in [0, 1] as when generating.

    `judge` is a recogniser that no generator was taught by. `inception` also asks for the FID of papers, which takes
    some minutes more. Of the training photos no more than `training_photos` are looked at, where that is given: quicker,
    but fewer photos that a picture could be a copy of.
    """

    data: Path
    model: str | None = None
    judge: str = "judge"
    pictures: int = 2000
    seed: int = 0
    psi: float = 0.8
    inception: bool = False
    training_photos: int | None = None


def evaluate(request: EvaluationRequest, settings: Settings, progress: Progress) -> dict[str, Any]:
    """All scores of a checkpoint, each beside what real photos get. Its keys are explained in its `legend`.

    Raises InvalidRequest, CheckpointError, DataError.
    """
    _check(request)
    import torch

    from ecomgen.models.checkpoint import load_checkpoint
    from ecomgen.models.recogniser import load_recogniser
    from ecomgen.training.evaluation import EvaluationOptions, evaluate_generator, look_at_photos, read_large
    from ecomgen.training.metrics.memory import measure_memory
    from ecomgen.training.metrics.scores import score
    from ecomgen.training.photos import DataConfig, read_photos
    from ecomgen.training.progress import part_of

    if settings.threads:
        torch.set_num_threads(settings.threads)
    folder = find_checkpoint(settings, request.model or settings.model)
    checkpoint = load_checkpoint(folder, settings.checkpoint_folders)
    judge, _ = load_recogniser(find_checkpoint(settings, request.judge))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    judge.to(device)
    progress("Reading the photos", 0.0)
    data = DataConfig(
        categories=tuple(checkpoint.counts.get("category", ())),
        trim=checkpoint.training.get("trim", True),  # as all did before it was written down
        held_out=HELD_OUT,
    )
    size = checkpoint.generator.config.size
    photos = read_photos(data, request.data, min(judge.size, size), request.training_photos)
    large = (
        read_large(photos, size, data.trim, *_large_set(request, checkpoint)) if size > judge.size else None
    )
    reference = look_at_photos(judge, photos, part_of(progress, _READING, _REAL))
    options = EvaluationOptions(request.pictures, request.seed, request.psi, request.inception)
    result = evaluate_generator(
        checkpoint, judge, photos, reference, options, part_of(progress, _REAL, 1.0), large
    )
    machine = {"device": device, "threads": torch.get_num_threads()}
    result["speed"] |= measure_memory(folder) | machine
    result |= {"set": request.data.name, "judge": Path(request.judge).name}
    result["notes"] = _notes(result, checkpoint, photos)
    result["legend"] = {key: asdict(score(key)) for key in result["scores"]}
    return result


def _large_set(request: EvaluationRequest, checkpoint: Checkpoint) -> tuple[Path | None, float | None]:
    """The set of larger photos that the checkpoint learnt detail from, where it lies beside the one it is measured on, and
    their true width/height."""
    name = checkpoint.training.get("detail")
    beside = request.data.with_name(Path(name).name) if name else None
    if beside is None or not beside.exists() or beside == request.data:
        return None, None
    return beside, checkpoint.training.get("detail_aspect") or None


def find_checkpoint(settings: Settings, name: str) -> Path:
    """The folder of a checkpoint: one of the settings' by its name, or any folder. Raises CheckpointError."""
    for folder in (settings.checkpoint(name), Path(name)):
        if (folder / "config.json").is_file():
            return folder
    found = {
        path.parent.name
        for folder in settings.checkpoint_folders
        for path in folder.glob("[!.]*/config.json")
    }
    there = ", ".join(sorted(found)) or "none"
    raise CheckpointError(f"There is no checkpoint “{name[:64]}”; there are: {there}.")


def _check(request: EvaluationRequest) -> None:
    if request.pictures not in _PICTURES:
        raise InvalidRequest(f"The number of pictures has to be from {_PICTURES[0]} to {_PICTURES[-1]}.")
    if not 0 <= request.psi <= 1:  # also false for NaN
        raise InvalidRequest("The variety (psi) has to be from 0 to 1.")
    if not 0 <= request.seed < 2**63:
        raise InvalidRequest("The seed has to be a whole number from 0 to 9223372036854775807 (2^63 - 1).")


def _notes(result: dict[str, Any], checkpoint: Checkpoint, photos: Photos) -> list[str]:
    """What a reader has to know to read the scores rightly, one sentence each."""
    sizes, halves = result["sizes"], result["halves"]
    notes = [
        f"Compared with the {sizes['held_out_photos']:,} photos of the checkpoint's categories that are held out "
        f"({_rule(photos)}); distances, overlaps and near copies are in the features of “{result['judge']}”, so they are "
        "no FID and cannot be set beside those of papers.",
        f"The Fréchet distance of so few photos is biased upwards: read it beside its floor of the same sizes, and beside "
        f"two halves of the held-out photos ({halves['photos']:,} each), which nobody learnt from: {halves['fd_real']:.4g}, "
        f"against {halves['fd_generated']:.4g} for as many pictures.",
        "The floors are training photos, which the judge may have learnt from too.",
    ]
    share = _held_out_share(checkpoint)
    if share is not None and abs(share - HELD_OUT) > 0.005 and not _own_split(photos):
        notes.append(
            f"The checkpoint itself held out {100 * share:g} % by the same rule, not {100 * HELD_OUT:g} %, so it has "
            f"{'seen some of the held-out photos' if share < HELD_OUT else 'not seen some of the training photos'}."
        )
    if result["inception_problem"]:
        notes.append(result["inception_problem"])
    return notes


def _own_split(photos: Photos) -> bool:
    return any(product.split != "train" for product in photos.held_out_products)


def _rule(photos: Photos) -> str:
    return (
        "the set's own split"
        if _own_split(photos)
        else f"{100 * HELD_OUT:g} % of the set, chosen by their names"
    )


def _held_out_share(checkpoint: Checkpoint) -> float | None:
    """What the training of this checkpoint held out, if it says so."""
    training = checkpoint.training
    if "held_out_share" in training:
        return float(training["held_out_share"])
    if training.get("held_out") and training.get("photos"):
        return round(training["held_out"] / (training["held_out"] + training["photos"]), 2)
    return None
