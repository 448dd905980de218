"""Failed pictures are drawn again: what looks blurry, broken, off the point, or like a photo that
was learnt from, makes way for another seed.

A try's seed follows from the first one alone, and from 2^62 on seeds are tries and are never judged again: the seed that a
picture carries makes that very picture, whatever was asked for before or after it.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ecomgen.errors import CheckpointError
from ecomgen.services.evaluation import HELD_OUT, find_checkpoint
from ecomgen.services.recipes import Recipe
from ecomgen.services.recognition import FOLDER
from ecomgen.services.tensors import compute
from ecomgen.settings import Settings

if TYPE_CHECKING:
    from ecomgen.models.checkpoint import Checkpoint
    from ecomgen.models.gate import Gate
    from ecomgen.models.recogniser import Recogniser

TRIES = 3
"""As many times a failed picture is drawn again; when all fail, the best of them and the first one is taken."""

_FIRST_TRY = 2**62


@dataclass(frozen=True)
class Settled:
    """A picture (uint8 [s, s, 3]), what made it, and how many tries were set aside for it."""

    pixels: np.ndarray
    recipe: Recipe
    set_aside: int = 0


Drawing = Callable[[Sequence[Recipe]], list[Settled]]
"""Draws at most so many recipes as are always drawn together."""


class QualityGate:
    """The gates of all checkpoints behind one door: loaded on first use, safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loading = threading.Lock()
        self._recogniser: Recogniser | None = None
        self._gates: dict[str, Gate | None] = {}

    def settle(self, checkpoint: Checkpoint, made: Sequence[Settled], draw: Drawing) -> list[Settled]:
        """The same pictures, but those of plain seeds that failed are drawn again from other seeds.

        As they are where the checkpoint or this machine has no gate, and where they were made from another picture.
        """
        from ecomgen.services.drawing import TOGETHER

        gate = self._gate(checkpoint)
        judged = [i for i, settled in enumerate(made) if _is_plain(settled.recipe)]
        if gate is None or not judged:
            return list(made)
        threshold = gate.weighing.threshold
        scores = _scores(gate, [made[i] for i in judged])
        tries = {i: [(s, made[i])] for i, s in zip(judged, scores, strict=True) if s < threshold}
        waiting = [(i, number) for number in range(1, TRIES + 1) for i in tries]
        while waiting:
            now, waiting = waiting[:TOGETHER], waiting[TOGETHER:]
            again = draw([_try(made[i].recipe, number) for i, number in now])
            for (i, number), score, settled in zip(now, _scores(gate, again), again, strict=True):
                tries[i].append((score, replace(settled, set_aside=number)))
            passed = {i for i, found in tries.items() if any(score >= threshold for score, _ in found)}
            waiting = [(i, number) for i, number in waiting if i not in passed]
        return [_best(tries[i], threshold) if i in tries else settled for i, settled in enumerate(made)]

    def _gate(self, checkpoint: Checkpoint) -> Gate | None:
        key = f"{checkpoint.name} {checkpoint.hash}"  # a checkpoint that was trained again has another one
        with self._loading:
            if key not in self._gates:
                try:
                    self._gates[key] = compute(self._read, checkpoint.name)
                except CheckpointError as error:
                    logging.getLogger(__name__).warning("Pictures are not checked: %s", error)
                    self._gates[key] = None
            return self._gates[key]

    def _read(self, model: str) -> Gate | None:
        from ecomgen.models.gate import TYPICAL, WEIGHING, load_gate
        from ecomgen.models.recogniser import load_recogniser

        vision, folder = self._settings.checkpoint(FOLDER), self._settings.checkpoint(model)
        if not (vision / WEIGHING).is_file() or not (folder / TYPICAL).is_file():
            return None
        if self._recogniser is None:
            self._recogniser = load_recogniser(vision)[0]
        return load_gate(self._recogniser, vision, folder)


def fit_gate(settings: Settings, model: str, data: Path) -> Path:
    """Give a checkpoint (a name or a folder) its `gate.safetensors` and `learnt.safetensors` from its training photos; returns the first.

    Raises CheckpointError and DataError.
    """
    from ecomgen.models.checkpoint import load_checkpoint
    from ecomgen.models.gate import TYPICAL
    from ecomgen.training.gate import write_gate
    from ecomgen.training.photos import DataConfig, read_photos

    folder = find_checkpoint(settings, model)
    checkpoint = load_checkpoint(folder, settings.checkpoint_folders)
    learnt = checkpoint.training
    config = DataConfig(
        categories=tuple(checkpoint.counts.get("category", ())),
        trim=learnt.get("trim", True),
        held_out=learnt.get("held_out_share", HELD_OUT),
    )
    photos = read_photos(config, data, checkpoint.generator.config.size)
    if not write_gate(folder, photos.train, photos.train_products):
        raise CheckpointError("There is no recogniser here, or no category has photos enough.")
    return folder / TYPICAL


def try_seed(seed: int, number: int) -> int:
    """The seed of try `number` (from 1) after a failed picture, from 2^62 to 2^63 - 1."""
    digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
    return _FIRST_TRY + int.from_bytes(digest[:8]) % _FIRST_TRY


def _best(tries: list[tuple[float, Settled]], threshold: float) -> Settled:
    """The first that passes, else the best; all others up to it were set aside."""
    passing = next((settled for score, settled in tries if score >= threshold), None)
    if passing:
        return passing
    best = max(tries, key=lambda each: each[0])[1]
    return replace(best, set_aside=len(tries) - 1)


def _is_plain(recipe: Recipe) -> bool:
    return recipe.seed < _FIRST_TRY and not (recipe.variation or recipe.latent or recipe.origin)


def _try(recipe: Recipe, number: int) -> Recipe:
    return replace(recipe, seed=try_seed(recipe.seed, number))


def _scores(gate: Gate, pictures: Sequence[Settled]) -> list[float]:
    return compute(_look, gate, pictures)


def _look(gate: Gate, pictures: Sequence[Settled]) -> list[float]:
    import torch

    from ecomgen.services.drawing import TOGETHER
    from ecomgen.training.autoencoder import to_tensor

    # As in drawing: always as many at once, so that a score is the same whatever else is judged.
    filled = [*pictures, *[pictures[-1]] * (TOGETHER - len(pictures))]
    pixels = torch.from_numpy(np.stack([each.pixels for each in filled]))
    scores = gate.score(to_tensor(pixels), [each.recipe.attributes for each in filled])
    return scores[: len(pictures)].tolist()
