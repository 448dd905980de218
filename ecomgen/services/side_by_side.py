"""Two checkpoints asked for the same: their pictures for the same words and seeds, beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ecomgen.services.evaluation import find_checkpoint
from ecomgen.services.tensors import compute
from ecomgen.settings import Settings

PSI = 0.8
_FIRST_SEED = 1


@dataclass(frozen=True)
class Side:
    """What both were asked for, and what each drew, seed by seed."""

    words: dict[str, str]
    base: list[Image.Image]
    tuned: list[Image.Image]


def side_by_side(settings: Settings, base: str, folder: Path, seeds: int = 4, most: int = 6) -> list[Side]:
    """Pictures of the base and of the checkpoint in `folder` for its most frequent categories.

    The base draws what it knows of the words; where it knows none, whatever it likes. Raises CheckpointError.
    """
    return compute(_draw, find_checkpoint(settings, base), folder, seeds, most)


def _draw(base: Path, folder: Path, seeds: int, most: int) -> list[Side]:
    import torch

    from ecomgen.models.checkpoint import Checkpoint, load_checkpoint
    from ecomgen.schema import Attributes
    from ecomgen.training.sampling import draw

    old, new = load_checkpoint(base), load_checkpoint(folder, [base.parent])  # an adapter needs its base
    name = "category" if "category" in new.counts else next(iter(new.counts), "")
    counts = new.counts.get(name, {})
    values = sorted(counts, key=lambda value: -counts[value])[:most]
    asked: list[dict[str, str]] = [{name: value} for value in values] or [{}]

    def pictures(checkpoint: Checkpoint, words: dict[str, str]) -> list[Image.Image]:
        known: Attributes = {n: v for n, v in words.items() if v in checkpoint.counts.get(n, {})}
        drawn = draw(checkpoint, [known] * seeds, PSI, _FIRST_SEED, torch.device("cpu"))
        return [Image.fromarray(picture.numpy()) for picture in drawn]

    return [Side(words, pictures(old, words), pictures(new, words)) for words in asked]
