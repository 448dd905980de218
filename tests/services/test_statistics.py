"""Intervals and agreement, each against a plain reference."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from ecomgen.services.statistics import agreement, wilson


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_that_of_scipy(counts):
    successes, trials = counts
    reference = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert wilson(successes, trials) == pytest.approx((reference.low, reference.high), abs=1e-9)


def test_without_trials_the_interval_is_everything():
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 5)), st.integers(0, 4), max_size=6))
def test_agreement_is_that_of_all_pairs_one_by_one(judged):
    """Krippendorff's definition, with every pair of votes counted by itself."""
    pictures = [
        [True] * up + [False] * down for (up, down), n in judged.items() for _ in range(n) if up + down > 1
    ]
    found = agreement(judged)
    if not pictures:
        assert found is None
        return
    votes = [vote for picture in pictures for vote in picture]
    same = sum(
        sum(a == b for a, b in itertools.permutations(picture, 2)) / (len(picture) - 1)
        for picture in pictures
    ) / len(votes)
    chance = [a == b for a, b in itertools.permutations(votes, 2)]
    by_chance = sum(chance) / len(chance)
    assert found is not None
    assert found.pictures == len(pictures)
    assert (found.observed, found.by_chance) == pytest.approx((same, by_chance))
    if by_chance == 1:
        assert found.alpha is None
    else:
        assert found.alpha == pytest.approx(1 - (1 - same) / (1 - by_chance))


def test_a_worked_example():
    """Four pictures of two reviewers: three times the same, once not (8 votes, 5 up and 3 down)."""
    found = agreement({(2, 0): 2, (0, 2): 1, (1, 1): 1, (1, 0): 7})
    assert found is not None
    assert (found.pictures, found.observed) == (4, 0.75)
    assert found.alpha == pytest.approx(1 - 0.25 / (30 / 56))
