"""The distances against plain references."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from ecomgen.training.metrics.distances import frechet_distance, kernel_distance


def cloud(n: int, d: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    chance = torch.Generator().manual_seed(seed)
    turn = torch.randn(d, d, generator=chance, dtype=torch.float64)
    return torch.randn(n, d, generator=chance, dtype=torch.float64) @ turn + shift


@pytest.mark.parametrize(("n", "d"), [(50, 3), (200, 16), (10, 16)], ids=["small", "wide", "fewer than wide"])
def test_frechet_distance_equals_the_formula(n: int, d: int) -> None:
    a, b = cloud(n, d, 1).numpy(), cloud(n + 7, d, 2, shift=0.5).numpy()
    root = sqrtm(np.cov(a.T) @ np.cov(b.T))
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root.real)
    assert frechet_distance(torch.tensor(a), torch.tensor(b)) == pytest.approx(expected, rel=1e-4)


def test_frechet_distance_of_equals_is_nothing_and_of_a_shift_its_square() -> None:
    a = cloud(300, 8, 3)
    scale = float(a.var(0).sum())
    assert 0 <= frechet_distance(a, a.clone()) < 1e-5 * scale
    assert frechet_distance(a, a + 2.0) == pytest.approx(8 * 4.0, rel=1e-4)


def test_kernel_distance_equals_the_double_loop() -> None:
    a, b = cloud(9, 4, 4), cloud(9, 4, 5, shift=0.3)

    def kernel(x: torch.Tensor, y: torch.Tensor) -> float:
        return float((x @ y / 4 + 1) ** 3)

    def squared_mmd(x: torch.Tensor, y: torch.Tensor) -> float:
        m, total = len(x), 0.0
        for i in range(m):
            for j in range(m):
                if i != j:
                    total += (kernel(x[i], x[j]) + kernel(y[i], y[j])) / (m * (m - 1))
                total -= 2 * kernel(x[i], y[j]) / m**2
        return total

    chance = torch.Generator().manual_seed(7)
    values = []
    for _ in range(5):
        rows = torch.randperm(9, generator=chance)[:4]
        values.append(squared_mmd(a[rows], b[torch.randperm(9, generator=chance)[:4]]))
    assert kernel_distance(a, b, seed=7, subsets=5) == pytest.approx(
        (np.mean(values), np.std(values, ddof=1))
    )


@pytest.mark.parametrize(
    ("shift", "least", "most"), [(0.0, 1.0, 2.5), (0.7, 0.6, 1.6)], ids=["same", "other"]
)
def test_kernel_distance_is_unbiased_and_its_error_honest(shift: float, least: float, most: float) -> None:
    """Over 60 pairs of samples the spread is about what is told; of the same kind, the mean is about nothing."""
    chance = torch.Generator().manual_seed(0)
    pairs = [torch.randn(2, 60, 5, generator=chance) for _ in range(60)]
    values, errors = torch.tensor([kernel_distance(a, b + shift) for a, b in pairs]).T
    assert least < errors.mean() / values.std() < most
    if not shift:
        assert abs(values.mean()) < 2.5 * values.std() / 60**0.5
    else:
        assert values.min() > errors.mean()
