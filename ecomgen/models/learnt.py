"""The photos that a generator learnt from, as the recogniser sees them: a picture that is all but one of them is no new product.

One file beside a generator, `learnt.safetensors`: 64 numbers for each photo (`training/gate.py` writes it).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ecomgen.errors import CheckpointError

LEARNT = "learnt.safetensors"


@dataclass(frozen=True)
class Learnt:
    """`points` [photos, k] along the directions `basis` [256, k]; what lies nearer to one of them than `limit` is a copy of it."""

    basis: Tensor
    points: Tensor
    limit: float
    recogniser: str

    def distances(self, features: Tensor) -> Tensor:
        """Features [n, 256] -> the distance [n] to the nearest photo."""
        return torch.cdist(F.normalize(features, dim=1) @ self.basis, self.points).amin(1)

    def copies(self, features: Tensor) -> Tensor:
        """Features [n, 256] -> whether each is a copy [n]."""
        return self.distances(features) < self.limit

    def save(self, folder: Path) -> None:
        """Write it beside a generator, in half precision."""
        told = {"limit": repr(self.limit), "recogniser": self.recogniser}
        save_file(
            {"basis": self.basis.contiguous(), "points": self.points.half().contiguous()},
            folder / LEARNT,
            told,
        )


def load_learnt(folder: Path) -> Learnt | None:
    """Read what `Learnt.save` wrote; None where there is none. Raises CheckpointError where it is damaged."""
    if not (folder / LEARNT).is_file():
        return None
    try:
        with safe_open(folder / LEARNT, "pt") as file:
            told, basis, points = file.metadata(), file.get_tensor("basis"), file.get_tensor("points")
        if basis.shape[1:] != points.shape[1:] or not len(points):
            raise ValueError("shapes")
        return Learnt(basis, points.float(), float(told["limit"]), told["recogniser"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(
            f"What “{folder.name}” has learnt from cannot be read: its file is damaged."
        ) from error
