import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ecomgen.training.informative import doubt, most_informative


def test_doubt_is_one_minus_the_margin_of_what_is_unsure() -> None:
    rows = np.array([[0.9, 0.1, 0.0], [0.5, 0.4, 0.1], [0.3, 0.3, 0.4]])
    every = np.ones(3, bool)
    assert doubt([rows], [every]) == pytest.approx([0.2, 0.9, 0.9])
    assert doubt([rows, rows], [every, np.array([True, False, False])]) == pytest.approx([0.4, 0.9, 0.9])
    assert doubt([], []).shape == (0,)


def three_groups() -> np.ndarray:
    """Ten photos in each of three directions, in turn."""
    chance = np.random.default_rng(0)
    return np.eye(3)[np.arange(30) % 3] * 10 + chance.normal(size=(30, 3))


def test_one_of_each_group_the_most_doubtful_group_first() -> None:
    doubts = np.array([0.5, 0.1, 0.9])[np.arange(30) % 3]
    chosen = most_informative(three_groups(), doubts, 3)
    assert (chosen % 3).tolist() == [2, 0, 1]


def test_what_is_in_no_doubt_is_not_chosen() -> None:
    doubts = np.where(np.arange(30) % 3 == 0, 0.0, 0.5)
    assert set(most_informative(three_groups(), doubts, 8) % 3) == {1, 2}
    assert len(most_informative(three_groups(), np.zeros(30), 8)) == 0


@hypothesis_settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.2, 1.0]), min_size=30, max_size=30), st.integers(0, 40))
def test_as_many_as_wanted_none_twice_and_always_the_same(doubts: list[float], count: int) -> None:
    in_doubt = np.array(doubts)
    chosen = most_informative(three_groups(), in_doubt, count)
    assert len(set(chosen.tolist())) == len(chosen) == min(count, int((in_doubt > 0).sum()))
    assert (in_doubt[chosen] > 0).all()
    assert np.array_equal(most_informative(three_groups(), in_doubt, count), chosen)
