"""Taste: a hidden preference is found, too few votes are refused, some of the choice is left to chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomgen.errors import DataError
from ecomgen.training.taste import choose, fit_taste, spread


def votes(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    features = chance.normal(size=(n, 40)) * 3 + 5
    return features, features[:, 3] - features[:, 7] + chance.normal(size=n) > 0


def test_a_hidden_taste_is_found() -> None:
    taste = fit_taste(*votes(120, 0))
    features, liked = votes(400, 1)
    scores = taste.score(features)
    assert taste.votes == 120
    assert scores[liked].mean() > scores[~liked].mean() + 0.2
    assert taste.held_out > 0.8


def test_votes_by_chance_are_known_to_say_nothing() -> None:
    features, _ = votes(200, 0)
    taste = fit_taste(features, np.random.default_rng(2).random(200) < 0.5)
    assert abs(taste.held_out - 0.5) < 0.15


@pytest.mark.parametrize("up", [0, 9, 51, 60])
def test_too_few_votes_of_a_kind_are_refused(up: int) -> None:
    features, _ = votes(60, 0)
    with pytest.raises(DataError, match="10 of each are needed"):
        fit_taste(features, np.arange(60) < up)


@given(st.integers(1, 16), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_the_best_come_first_and_some_by_chance(wanted: int, explore: int, seed: int) -> None:
    explore = min(explore, wanted)
    scores = np.random.default_rng(seed).random(4 * wanted)
    chosen = choose(scores, wanted, explore, np.random.default_rng(seed))
    assert len(set(chosen.tolist())) == wanted
    assert chosen[: wanted - explore].tolist() == np.argsort(-scores)[: wanted - explore].tolist()


def test_spread_is_the_mean_distance_of_two() -> None:
    assert spread(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]])) == pytest.approx((5 + 3 + 4) / 3)
