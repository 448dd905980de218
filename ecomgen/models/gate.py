"""The quality gate: how likely a person would use a picture, from what the recogniser sees in it.

A picture that is all but one of the photos that were learnt from (`models/learnt.py`) is of no use. Two files: `gate.json` beside the recogniser says how the signals are weighed (fitted to pictures labelled by eye, by
benchmarks/gate.py); `gate.safetensors` beside a generator says how photos of its categories look (`training/gate.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ecomgen.errors import CheckpointError
from ecomgen.models.learnt import Learnt, load_learnt
from ecomgen.models.recogniser import Recogniser

WEIGHING, TYPICAL = "gate.json", "gate.safetensors"
SIGNALS = ("category", "colour", "sure_of_category", "sure_of_colour", "realism", "texture")
"""What each picture is weighed by; all but the last are one number. "texture" is the mean and deviation of each map of the
recogniser's second stage, which see blur and smears."""

_LEAST = 1e-4  # a probability below it says no more than this


@dataclass(frozen=True)
class Typical:
    """How the features of real photos lie: a mean for each category [categories, 256] and what they have in common, the
    inverse of the deviation around it [256, 256]; `distance`: the logarithm of the usual distance of a photo."""

    categories: tuple[str, ...]
    means: Tensor
    whitening: Tensor
    distance: float
    recogniser: str

    def realism(self, features: Tensor, asked: Sequence[str | None]) -> Tensor:
        """Features [n, 256] -> [n], 0 for a usual photo of the category asked for, less the farther away (Mahalanobis).

        Where no category is asked for, or one that is not known, the nearest one counts.
        """
        offsets = (F.normalize(features, dim=1)[:, None] - self.means) @ self.whitening
        distances = offsets.square().sum(2).clamp(min=1e-6).log()
        rows = {name: i for i, name in enumerate(self.categories)}
        own = [d[rows[name]] if name in rows else d.min() for d, name in zip(distances, asked, strict=True)]
        return self.distance - torch.stack(own)

    def save(self, folder: Path) -> None:
        """Write it beside a generator."""
        told = {
            "categories": json.dumps(self.categories),
            "distance": repr(self.distance),
            "recogniser": self.recogniser,
        }
        save_file(
            {"means": self.means.contiguous(), "whitening": self.whitening.contiguous()},
            folder / TYPICAL,
            told,
        )


@dataclass(frozen=True)
class Weighing:
    """A logistic regression on the signals; pictures with a score of `threshold` (0 to 1) or more pass."""

    weights: Mapping[str, tuple[float, ...]]
    bias: float
    threshold: float
    recogniser: str

    def score(self, signals: Mapping[str, Tensor]) -> Tensor:
        """Signals [n, k] each -> [n], from 0 (failed) to 1 (usable)."""
        parts = [signals[name] @ torch.tensor(self.weights[name]) for name in SIGNALS]
        return torch.sigmoid(torch.stack(parts).sum(0) + self.bias)

    def save(self, folder: Path) -> None:
        """Write it beside the recogniser."""
        plain = {
            "recogniser": self.recogniser,
            "threshold": self.threshold,
            "bias": self.bias,
            "weights": {name: list(self.weights[name]) for name in SIGNALS},
        }
        (folder / WEIGHING).write_text(json.dumps(plain) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Gate:
    """Recogniser, photos and weighing together: `gate.score(pictures, asked)` against `gate.weighing.threshold`."""

    recogniser: Recogniser
    typical: Typical
    weighing: Weighing
    learnt: Learnt | None = None

    @torch.inference_mode()
    def score(self, pictures: Tensor, asked: Sequence[Mapping[str, str | None]]) -> Tensor:
        """Pictures [n, 3, s, s] in [-1, 1] of any size, with what each was asked to show -> [n], 0 failed to 1 usable."""
        maps, features = _stages(self.recogniser, pictures)
        score = self.weighing.score(_signals(self.recogniser, self.typical, maps, features, asked))
        return score if self.learnt is None else score.masked_fill(self.learnt.copies(features), 0.0)


@torch.inference_mode()
def look(
    recogniser: Recogniser, typical: Typical, pictures: Tensor, asked: Sequence[Mapping[str, str | None]]
) -> dict[str, Tensor]:
    """The signals of pictures [n, 3, s, s] in [-1, 1]: SIGNALS -> [n, k], the larger the better but for the texture."""
    return _signals(recogniser, typical, *_stages(recogniser, pictures), asked)


def _stages(recogniser: Recogniser, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """The maps of the second stage, and the features [n, 256] as the backbone itself gives them."""
    _, maps, last = recogniser.backbone.stages(fitted(recogniser, pictures))
    return maps, last.mean((2, 3)).float()


def _signals(
    recogniser: Recogniser,
    typical: Typical,
    maps: Tensor,
    features: Tensor,
    asked: Sequence[Mapping[str, str | None]],
) -> dict[str, Tensor]:
    probabilities = recogniser.probabilities(features)
    signals = {}
    for name in ("category", "colour"):
        rows = probabilities[name] if name in probabilities else torch.ones(len(features), 1)
        signals[name] = _asked(recogniser, name, rows, [each.get(name) for each in asked])
        signals[f"sure_of_{name}"] = (rows * rows.clamp(min=_LEAST).log()).sum(1)
    signals["realism"] = typical.realism(features, [each.get("category") for each in asked])
    texture = torch.cat([maps.mean((2, 3)), maps.std((2, 3))], dim=1).clamp(min=0).sqrt()
    return {name: s[:, None] for name, s in signals.items()} | {"texture": texture}


def fitted(recogniser: Recogniser, pictures: Tensor) -> Tensor:
    """Pictures at the size that the recogniser takes."""
    if pictures.shape[-1] == recogniser.size:
        return pictures
    size = (recogniser.size, recogniser.size)
    return F.interpolate(pictures, size=size, mode="bilinear", antialias=True).clamp(-1, 1)


def _asked(recogniser: Recogniser, name: str, rows: Tensor, asked: Sequence[str | None]) -> Tensor:
    """The logarithm of the probability of what was asked for [n]; 0 where nothing was.

    A value that the recogniser does not know should look to it like "something else", which is its first class.
    """
    values = recogniser.config.values.get(name, ())
    numbers = {value: i + 1 for i, value in enumerate(values)}
    log = rows.clamp(min=_LEAST).log()
    return torch.stack(
        [
            each[numbers.get(value, 0)] if value else each.new_zeros(())
            for each, value in zip(log, asked, strict=True)
        ]
    )


def load_gate(recogniser: Recogniser, beside: Path, folder: Path) -> Gate | None:
    """The gate of the generator in `folder`, weighed as the recogniser's folder `beside` says; None where one of the two has
    no file for it, or one that was made with another recogniser. Raises CheckpointError where one is damaged."""
    try:
        plain = json.loads((beside / WEIGHING).read_text(encoding="utf-8"))
        weights = {name: tuple(map(float, plain["weights"][name])) for name in SIGNALS}
        weighing = Weighing(weights, float(plain["bias"]), float(plain["threshold"]), plain["recogniser"])
        typical, learnt = load_typical(folder), load_learnt(folder)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"The quality gate in {beside.name} is damaged.") from error
    matches = typical.recogniser == weighing.recogniser == recogniser.hash()
    if learnt and learnt.recogniser != weighing.recogniser:
        learnt = None
    return Gate(recogniser, typical, weighing, learnt) if matches else None


def load_typical(folder: Path) -> Typical:
    """Read what `Typical.save` wrote. Raises FileNotFoundError, and CheckpointError where it is damaged."""
    try:
        with safe_open(folder / TYPICAL, "pt") as file:
            told = file.metadata()
            means, whitening = file.get_tensor("means"), file.get_tensor("whitening")
        categories = tuple(map(str, json.loads(told["categories"])))
        if len(means) != len(categories) or means.shape[1:] != whitening.shape[1:]:
            raise ValueError("shapes")
        return Typical(categories, means, whitening, float(told["distance"]), told["recogniser"])
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(f"The quality gate of “{folder.name}” is damaged.") from error
