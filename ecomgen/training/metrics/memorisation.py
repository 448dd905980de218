"""Are pictures copies of training photos?"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_AT_ONCE = 256


class Nearest(NamedTuple):
    """For each picture the distance to the nearest training photo and that photo's row, both [n]."""

    distances: Tensor
    rows: Tensor


def nearest(pictures: Tensor, training: Tensor) -> Nearest:
    """Vectors [n, d] of pictures and [m, d] of training photos -> the nearest of those for each picture."""
    training = training.double()
    found = [torch.cdist(part.double(), training).min(1) for part in pictures.split(_AT_ONCE)]
    return Nearest(torch.cat([f.values for f in found]), torch.cat([f.indices for f in found]))


def share_nearer(pictures: Tensor, held_out: Tensor, percent: float) -> float:
    """Distances [n] and [m] to the nearest training photo -> the share, 0 to 1, of pictures that are as near to one as
    only the nearest `percent` of real photos that training did not see.

    About `percent` / 100 where pictures are as new as such photos. Typical pictures without detail are nearer, copies
    much nearer: look at them before calling them copies.
    """
    limit = torch.quantile(held_out.double(), percent / 100)
    return float((pictures.double() < limit).double().mean())
