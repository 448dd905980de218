"""Failed pictures are drawn again: what looks blurry, broken or off the point makes way for another seed.

A try's seed follows from the first one alone, and from 2^62 on seeds are tries and are never judged again: the seed that a
picture carries makes that very picture, whatever was asked for before or after it.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ecomgen.errors import CheckpointError
from ecomgen.services.evaluation import HELD_OUT, find_checkpoint
from ecomgen.services.recognition import FOLDER
from ecomgen.services.tensors import compute
from ecomgen.settings import Settings

if TYPE_CHECKING:
    from ecomgen.models.gate import Gate
    from ecomgen.models.recogniser import Recogniser
    from ecomgen.schema import Attributes

TRIES = 3
"""As many times a failed picture is drawn again; when all fail, the best of them and the first one is taken."""

_FIRST_TRY = 2**62

Drawing = Callable[[Sequence[int]], np.ndarray]
"""Seeds -> their pictures, uint8 [n, s, s, 3]."""


@dataclass(frozen=True)
class Settled:
    """A picture (uint8 [s, s, 3]), the seed that made it, and how many tries were set aside for it."""

    pixels: np.ndarray
    seed: int
    set_aside: int = 0


class QualityGate:
    """The gates of all checkpoints behind one door: loaded on first use, safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._checkpoints = settings.checkpoints
        self._loading = threading.Lock()
        self._recogniser: Recogniser | None = None
        self._gates: dict[str, Gate | None] = {}

    def settle(
        self,
        model: str,
        hash: str,
        asked: Attributes,
        seeds: Sequence[int],
        pixels: np.ndarray,
        wanted: int,
        draw: Drawing,
    ) -> list[Settled]:
        """The first `wanted` of the pictures (uint8 [n, s, s, 3]), those that failed drawn again from another seed.

        As they are where the checkpoint or this machine has no gate. n pictures are drawn and judged at a time, so that
        the arithmetic is the same however many are wanted.
        """
        first = [Settled(p, seed) for p, seed in zip(pixels, seeds, strict=True)][:wanted]
        gate = self._gate(model, hash)
        if gate is None or all(settled.seed >= _FIRST_TRY for settled in first):
            return first
        threshold, together = gate.weighing.threshold, len(seeds)
        tries = {
            i: [(score, first[i])]
            for i, score in enumerate(_scores(gate, pixels, asked)[:wanted])
            if score < threshold and seeds[i] < _FIRST_TRY
        }
        waiting = [(i, number) for number in range(1, TRIES + 1) for i in tries]
        while waiting:
            now, waiting = waiting[:together], waiting[together:]
            again = [try_seed(seeds[i], number) for i, number in now]
            drawn = draw(again + again[:1] * (together - len(again)))
            scores = _scores(gate, drawn, asked)
            for (i, number), seed, picture, score in zip(now, again, drawn, scores, strict=False):
                tries[i].append((score, Settled(picture, seed, number)))
            passed = {i for i, made in tries.items() if any(score >= threshold for score, _ in made)}
            waiting = [(i, number) for i, number in waiting if i not in passed]
        return [_best(tries[i], threshold) if i in tries else settled for i, settled in enumerate(first)]

    def _gate(self, model: str, hash: str) -> Gate | None:
        key = f"{model} {hash}"  # a checkpoint that was trained again has another one
        with self._loading:
            if key not in self._gates:
                try:
                    self._gates[key] = compute(self._read, model)
                except CheckpointError as error:
                    logging.getLogger(__name__).warning("Pictures are not checked: %s", error)
                    self._gates[key] = None
            return self._gates[key]

    def _read(self, model: str) -> Gate | None:
        from ecomgen.models.gate import TYPICAL, WEIGHING, load_gate
        from ecomgen.models.recogniser import load_recogniser

        vision, folder = self._checkpoints / FOLDER, self._checkpoints / model
        if not (vision / WEIGHING).is_file() or not (folder / TYPICAL).is_file():
            return None
        if self._recogniser is None:
            self._recogniser = load_recogniser(vision)[0]
        return load_gate(self._recogniser, vision, folder)


def fit_gate(settings: Settings, model: str, data: Path) -> Path:
    """Give a checkpoint (a name or a folder) its `gate.safetensors` from its training photos; returns the file.

    Raises CheckpointError and DataError.
    """
    from ecomgen.models.checkpoint import load_checkpoint
    from ecomgen.models.gate import TYPICAL
    from ecomgen.training.gate import write_typical
    from ecomgen.training.generator import DataConfig, read_photos

    folder = find_checkpoint(settings, model)
    checkpoint = load_checkpoint(folder)
    learnt = checkpoint.training
    config = DataConfig(
        categories=tuple(checkpoint.counts.get("category", ())),
        trim=learnt.get("trim", True),
        held_out=learnt.get("held_out_share", HELD_OUT),
    )
    photos = read_photos(config, data, checkpoint.generator.config.size)
    if not write_typical(folder, photos.train, photos.train_products):
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
    return Settled(best.pixels, best.seed, len(tries) - 1)


def _scores(gate: Gate, pixels: np.ndarray, asked: Attributes) -> list[float]:
    return compute(_look, gate, pixels, asked)


def _look(gate: Gate, pixels: np.ndarray, asked: Attributes) -> list[float]:
    import torch

    from ecomgen.training.autoencoder import to_tensor

    return gate.score(to_tensor(torch.from_numpy(pixels.copy())), [asked] * len(pixels)).tolist()
