"""Losses that bring two views of the same photo together without labels, and keep different photos apart."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def simclr(a: Tensor, b: Tensor, temperature: float = 0.2) -> Tensor:
    """NT-Xent (Chen et al. 2020, eq. 1): each of the 2 n projections [n, d] has to pick its other view among all others."""
    z = F.normalize(torch.cat([a, b]), dim=1)
    similarity = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    other = torch.arange(len(z), device=z.device).roll(len(a))
    return F.cross_entropy(similarity, other)


def vicreg(
    a: Tensor, b: Tensor, invariance: float = 25.0, variance: float = 25.0, covariance: float = 1.0
) -> Tensor:
    """VICReg (Bardes et al. 2022, eq. 6): projections [n, d] alike, each dimension spread out, no two the same."""
    apart = torch.stack([F.relu(1 - (z.var(0) + 1e-4).sqrt()).mean() for z in (a, b)]).sum()
    redundant = torch.stack([_off_diagonal(torch.cov(z.T)).square().sum() / z.shape[1] for z in (a, b)]).sum()
    return invariance * F.mse_loss(a, b) + variance * apart / 2 + covariance * redundant


def _off_diagonal(square: Tensor) -> Tensor:
    return square - torch.diag(square.diagonal())


OBJECTIVES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"simclr": simclr, "vicreg": vicreg}
