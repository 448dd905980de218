"""Self-supervised losses against plain references, and what they must prefer."""

import math

import pytest
import torch
from torch import Tensor

from ecomgen.training.joint_embedding import OBJECTIVES, simclr, vicreg


def plain_simclr(a: Tensor, b: Tensor, temperature: float) -> float:
    z = [row / row.norm() for row in (*a, *b)]
    n, total = len(a), 0.0
    for i in range(2 * n):
        others = [math.exp(float(z[i] @ z[j]) / temperature) for j in range(2 * n) if j != i]
        total -= math.log(math.exp(float(z[i] @ z[(i + n) % (2 * n)]) / temperature) / sum(others))
    return total / (2 * n)


def plain_vicreg(a: Tensor, b: Tensor) -> float:
    n, d = a.shape
    alike = sum(float((a[i, j] - b[i, j]) ** 2) for i in range(n) for j in range(d)) / (n * d)
    spread = redundant = 0.0
    for z in (a, b):
        columns = [[float(z[i, j]) for i in range(n)] for j in range(d)]
        means = [sum(c) / n for c in columns]
        for j in range(d):
            for k in range(d):
                c = sum((columns[j][i] - means[j]) * (columns[k][i] - means[k]) for i in range(n)) / (n - 1)
                if j == k:
                    spread += max(0.0, 1 - math.sqrt(c + 1e-4)) / d
                else:
                    redundant += c * c / d
    return 25 * alike + 25 * spread / 2 + redundant


def test_simclr_is_its_reference() -> None:
    torch.manual_seed(0)
    a, b = torch.randn(2, 5, 7).unbind()
    assert float(simclr(a, b, 0.3)) == pytest.approx(plain_simclr(a, b, 0.3), rel=1e-5)


def test_vicreg_is_its_reference() -> None:
    torch.manual_seed(0)
    a, b = torch.randn(2, 6, 4).unbind()
    assert float(vicreg(a, b)) == pytest.approx(plain_vicreg(a, b), rel=1e-4)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_alike_views_of_different_photos_are_preferred(name: str) -> None:
    torch.manual_seed(0)
    z = torch.randn(32, 16)
    alike = OBJECTIVES[name](z, z + 0.05 * torch.randn(32, 16))
    assert alike < OBJECTIVES[name](z, torch.randn(32, 16))  # not alike
    assert alike < OBJECTIVES[name](0.01 * z, 0.01 * z + 1)  # all photos the same
