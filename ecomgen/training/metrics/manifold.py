"""Do the pictures lie where real photos lie (precision, density), and everywhere there (recall, coverage)?"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Overlap(NamedTuple):
    """Shares from 0 to 1; density alone may be above 1, where pictures crowd around typical photos."""

    precision: float
    recall: float
    density: float
    coverage: float


def overlap(real: Tensor, generated: Tensor, k: int = 5) -> Overlap:
    """Vectors [n, d] and [m, d], n and m above k -> how the two sets cover each other.

    Each vector stands for a ball that reaches its k-th neighbour of the same set. Precision and recall are of
    Kynkaanniemi et al. 2019, density and coverage, which outliers sway less, of Naeem et al. 2020. They depend on n
    and m: compare them only with those of the same sizes.
    """
    real, generated = real.double(), generated.double()
    real_radius, generated_radius = _radius(real, k), _radius(generated, k)
    distance = torch.cdist(real, generated)
    inside = distance < real_radius[:, None]
    return Overlap(
        precision=float(inside.any(0).double().mean()),
        recall=float((distance < generated_radius[None]).any(1).double().mean()),
        density=float(inside.double().sum(0).mean() / k),
        coverage=float(inside.any(1).double().mean()),
    )


def _radius(vectors: Tensor, k: int) -> Tensor:
    """Distance of each vector to its k-th neighbour; the nearest one is itself."""
    return torch.cdist(vectors, vectors).kthvalue(k + 1, dim=1).values
