import pytest
import torch

from ecomgen.training.metrics.diversity import diversity_within_condition

CONDITIONS = ["red shoes", "blue bags", "rare"]


def test_it_is_the_ratio_of_mean_distances_within_conditions_of_both() -> None:
    torch.manual_seed(0)
    asked = ["red shoes"] * 5 + ["blue bags"] * 4 + ["rare"] * 3
    shown = ["blue bags"] * 6 + ["red shoes"] * 4 + ["only real"] * 9
    generated, real = torch.randn(12, 3), torch.randn(19, 3)

    def spread(vectors: torch.Tensor) -> float:
        pairs = [(a - b).norm() for i, a in enumerate(vectors) for b in vectors[i + 1 :]]
        return float(torch.stack(pairs).mean())

    ours = (spread(generated[:5]) + spread(generated[5:9])) / 2
    theirs = (spread(real[6:10]) + spread(real[:6])) / 2
    found = diversity_within_condition(generated, asked, real, shown)
    assert found is not None
    assert (found.generated, found.real, found.conditions) == (pytest.approx(ours), pytest.approx(theirs), 2)
    assert found.share == pytest.approx(ours / theirs)


def test_one_picture_a_condition_is_no_diversity() -> None:
    torch.manual_seed(0)
    conditions = ["a"] * 10 + ["b"] * 10
    collapsed = torch.tensor([[0.0, 0.0]] * 10 + [[9.0, 9.0]] * 10)
    found = diversity_within_condition(collapsed, conditions, torch.randn(20, 2), conditions)
    assert found is not None
    assert found.share == 0


def test_without_a_common_condition_there_is_nothing_to_say() -> None:
    vectors = torch.randn(4, 2)
    assert diversity_within_condition(vectors, ["a"] * 4, vectors, ["b"] * 4) is None
    assert diversity_within_condition(vectors, list("abcd"), vectors, list("abcd")) is None
