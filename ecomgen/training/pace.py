"""How far a whole fine-tuning is, from how far its parts are and how long each was expected to take on this machine."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import torch

from ecomgen.models.checkpoint import Checkpoint
from ecomgen.training.loop import UpdateProgress

PACE = "pace.json"
"""Beside the plan: the seconds that each part is expected to take."""

_PARTS = ("autoencoder", "mapping", "preparing", "adversarial", "measuring", "forgetting")
_PART_OF = {
    "Learning to draw products": "autoencoder",
    "Learning what belongs to which words": "mapping",
    "Looking at the photos": "preparing",
    "Drawing from nothing": "adversarial",
    "Drawing with the base": "measuring",
    "Drawing with the new checkpoint": "measuring",
    "Asking for the base's words": "forgetting",
    "Comparing with the base's photos": "forgetting",
}
_DRAWN, _ASKED, _PREPARED, _LOADING = 800, 600, 8_192, 5.0
_TIMED = 16


class Pace:
    """Stands before an `update_progress`: tells it the share of the whole, which never falls.

    `path` is where the expectation is kept; before it is there, and for what belongs to no part, nothing is got on with.
    """

    def __init__(self, update_progress: UpdateProgress, path: Path) -> None:
        self._tell, self._path = update_progress, path
        self._seconds: Mapping[str, float] = {}
        self._share = 0.0

    def __call__(self, what: str, share: float) -> None:
        part = _PART_OF.get(what, "")
        if part and not self._seconds and self._path.exists():
            self._seconds = json.loads(self._path.read_text(encoding="utf-8"))
        if what == "Done":  # the training; it is measured yet
            return
        if part and part in self._seconds:
            before = sum(self._seconds.get(name, 0.0) for name in _PARTS[: _PARTS.index(part)])
            whole = sum(self._seconds.values())
            self._share = max(self._share, (before + share * self._seconds[part]) / whole)
        self._tell(what, self._share)


@torch.inference_mode()
def keep_pace(path: Path, learning: Mapping[str, float], looked_at: int, checkpoint: Checkpoint) -> None:
    """Keep what is expected: of the phases the seconds in `learning`, and for the rest how fast the checkpoint draws now;
    `looked_at` are the pictures by which the best weights are chosen."""
    generator = checkpoint.generator.cpu()
    z = torch.zeros(_TIMED, generator.config.w_dim)
    asked = generator.schedule(*checkpoint.vocabulary.lookup([{}] * _TIMED))
    latent = picture = 0.0
    for _ in range(2):  # the first time warms up
        begun = time.monotonic()
        w = generator.mapping(z, asked)
        latent = (time.monotonic() - begun) / _TIMED
        generator.synthesis(w)
        picture = (time.monotonic() - begun) / _TIMED
    expected = {
        **learning,
        "preparing": _LOADING + _PREPARED * latent,
        "adversarial": learning["adversarial"] + looked_at * picture,
        "measuring": _LOADING + _DRAWN * picture,
        "forgetting": _ASKED * picture,
    }
    path.write_text(json.dumps(expected) + "\n", encoding="utf-8")
