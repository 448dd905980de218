"""Precision, recall, density and coverage against naive loops, and what they are for."""

import pytest
import torch

from ecomgen.training.metrics.manifold import overlap


def naive(real: torch.Tensor, generated: torch.Tensor, k: int) -> tuple[float, float, float, float]:
    def distance(x: torch.Tensor, y: torch.Tensor) -> float:
        return float(((x - y) ** 2).sum().sqrt())

    def radius(vectors: torch.Tensor, i: int) -> float:
        return sorted(distance(vectors[i], other) for j, other in enumerate(vectors) if j != i)[k - 1]

    reach_real = [radius(real, i) for i in range(len(real))]
    reach_generated = [radius(generated, i) for i in range(len(generated))]
    inside = [[distance(r, g) < reach_real[i] for g in generated] for i, r in enumerate(real)]
    n, m = len(real), len(generated)
    precision = sum(any(inside[i][j] for i in range(n)) for j in range(m)) / m
    recall = sum(any(distance(r, g) < reach_generated[j] for j, g in enumerate(generated)) for r in real) / n
    density = sum(inside[i][j] for i in range(n) for j in range(m)) / (k * m)
    coverage = sum(any(row) for row in inside) / n
    return precision, recall, density, coverage


@pytest.mark.parametrize(("n", "m", "k"), [(20, 20, 5), (13, 31, 3), (30, 8, 1)])
def test_equals_the_naive_loops(n: int, m: int, k: int) -> None:
    torch.manual_seed(n)
    real = torch.randn(n, 4, dtype=torch.float64)
    generated = torch.randn(m, 4, dtype=torch.float64) * 1.3 + 0.4
    assert tuple(overlap(real, generated, k)) == pytest.approx(naive(real, generated, k))


def test_the_same_set_covers_itself() -> None:
    torch.manual_seed(0)
    real = torch.randn(80, 6)
    same = overlap(real, real.clone())
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
    assert same.density >= 1


def test_a_collapsed_set_is_precise_and_covers_nothing() -> None:
    torch.manual_seed(0)
    real = torch.randn(200, 6)
    collapsed = overlap(real, real[:1] + 1e-3 * torch.randn(200, 6))
    assert collapsed.precision == 1
    assert collapsed.recall < 0.02
    assert collapsed.coverage < 0.1


def test_noise_is_not_precise() -> None:
    torch.manual_seed(0)
    away = overlap(torch.randn(100, 6), torch.randn(100, 6) + 20)
    assert tuple(away) == (0, 0, 0, 0)
