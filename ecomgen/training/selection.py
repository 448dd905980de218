"""Keeping the best weights of a run instead of its last ones, and stopping when nothing better comes.

Every so many images the averaged weights draw the same latents, and the kernel distance (KID) of these pictures to
held-out photos is taken in the features of `checkpoints/vision`: not of the judge, which only measures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ecomgen.models.recogniser import load_recogniser
from ecomgen.settings import bundled
from ecomgen.training import processes
from ecomgen.training.grid import save_grid, to_bytes
from ecomgen.training.looking import look
from ecomgen.training.metrics.distances import kernel_distance

LEAST = 12
_AT_ONCE = 64
_SHOWN = 32


@dataclass(frozen=True)
class SelectionConfig:
    """`every`: images between two looks (0: never); `patience`: so many looks without a new best end the phase."""

    every: int = 0
    patience: int = 5
    pictures: int = 1000

    def looked_at(self, photos: int) -> int:
        """Pictures that each look draws, for a set of so many photos to learn from; 0 where none looks."""
        return min(self.pictures, photos) if self.every else 0


class Selection:
    """The best weights of `network` so far, by `score` (lower is better); `look` compares the present ones with them."""

    def __init__(
        self, config: SelectionConfig, network: nn.Module, score: Callable[[nn.Module, int], float]
    ) -> None:
        self.config, self._network, self._score = config, network, score
        self.best, self.best_images, self.looks_since = math.inf, 0, 0
        self._weights: dict[str, Tensor] = {}

    @property
    def over(self) -> bool:
        """Whether the last `patience` looks brought nothing better."""
        return self.looks_since >= self.config.patience

    def is_due(self, images: int, batch: int, at_end: bool) -> bool:
        """Whether the step that ends at `images` is one to look after."""
        return at_end or images // self.config.every > (images - batch) // self.config.every

    def look(self, images: int) -> float:
        """Score the present weights and keep them when they are the best."""
        score = processes.told_by_main(
            self._score(self._network, images) if processes.is_main() else math.nan
        )
        if score < self.best:  # false for NaN
            self.best, self.best_images, self.looks_since = score, images, 0
            self._weights = {name: t.detach().clone() for name, t in self._network.state_dict().items()}
        else:
            self.looks_since += 1
        return score

    def restore(self) -> None:
        """Give the network the best weights; as it is where none was scored."""
        if self._weights:
            self._network.load_state_dict(self._weights)

    def state(self) -> dict[str, Any]:
        """Tensors and numbers to resume from."""
        return {
            "best": self.best,
            "best_images": self.best_images,
            "looks_since": self.looks_since,
            "weights": self._weights,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self.best, self.best_images = float(state["best"]), int(state["best_images"])
        self.looks_since, self._weights = int(state["looks_since"]), dict(state["weights"])


def select_by_kid(
    config: SelectionConfig, synthesis: nn.Module, held_out: Tensor, latents: Tensor, out: Path
) -> Selection | None:
    """A selection of synthesis networks by KID of what they draw for `latents` [n, w_dim] to `held_out` photos [m, s, s, 3].

    At each look the first pictures are written to `out`/samples/<images>.png: the same latents through time. None where
    the configuration wants none, or too few photos are held out to compare with.
    """
    if not config.every or min(len(held_out), len(latents)) < LEAST:
        return None
    eyes, _ = load_recogniser(bundled("checkpoints") / "vision")
    eyes.to(latents.device)
    photos = look(eyes, held_out)

    @torch.no_grad()
    def score(network: nn.Module, images: int) -> float:
        pictures = [network(part) for part in latents.split(_AT_ONCE)]
        save_grid(torch.cat(pictures)[:_SHOWN], out / "samples" / f"{images:010d}.png", columns=8)
        features = look(eyes, torch.cat([to_bytes(part) for part in pictures]))
        return kernel_distance(features, photos)[0]

    return Selection(config, synthesis, score)
