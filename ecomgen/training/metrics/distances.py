"""How far two sets of vectors are from each other. Not FID and KID proper: those are in the space of Inception v3."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_mmd


class _AsTheyAre(nn.Identity):
    """torchmetrics wants a network that makes the vectors; here they are made already."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Vectors [n, d] and [m, d] -> the Frechet distance of Gaussians fitted to them, 0 or more (Heusel et al. 2017).

    It falls as n and m grow, also between two samples of the same kind: compare it only with one of the same sizes.
    """
    metric = FrechetInceptionDistance(feature=_AsTheyAre(a.shape[1])).set_dtype(torch.float64)
    metric.update(a.double(), real=True)
    metric.update(b.double(), real=False)
    return max(float(metric.compute()), 0.0)  # rounding leaves the distance of equals a little below 0


def kernel_distance(a: Tensor, b: Tensor, seed: int = 0, subsets: int = 100) -> tuple[float, float]:
    """Vectors [n, d] and [m, d] -> squared MMD with a cubic kernel, unbiased (Binkowski et al. 2018), and its standard error.

    Around 0, also below it, for samples of the same kind, whatever their sizes. It is averaged over random subsets of
    half the smaller set, whose deviation is the standard error (the delete-half jackknife; twice it near 0).
    """
    a, b = a.double(), b.double()
    chance = torch.Generator().manual_seed(seed)
    half = max(min(len(a), len(b)) // 2, 2)
    values = torch.stack(
        [
            poly_mmd(
                a[torch.randperm(len(a), generator=chance)[:half]],
                b[torch.randperm(len(b), generator=chance)[:half]],
            )
            for _ in range(subsets)
        ]
    )
    return float(values.mean()), float(values.std())
