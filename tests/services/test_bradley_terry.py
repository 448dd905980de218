import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from ecomgen.services.bradley_terry import fit, win_rates


def brute_force(wins):
    """Maximum likelihood written out, one comparison after another, by a general optimiser."""
    n = len(wins)

    def cost(strengths):
        total = 0.0
        for i in range(n):
            for j in range(n):
                if i != j:
                    total += wins[i][j] * np.log1p(np.exp(strengths[j] - strengths[i]))
            total += 0.5 * (np.log1p(np.exp(strengths[i])) + np.log1p(np.exp(-strengths[i])))
        return total

    return minimize(cost, np.zeros(n), method="BFGS", options={"gtol": 1e-8}).x


@pytest.mark.parametrize(
    "wins",
    [
        [[0, 7], [3, 0]],
        [[0, 5, 2.5], [1, 0, 4], [2.5, 3, 0]],
        [[0, 20, 0, 0], [0, 0, 0, 0], [0, 0, 0, 3], [0, 0, 1, 0]],  # one never loses; two groups never meet
        [[0, 0], [0, 0]],
    ],
)
def test_it_agrees_with_brute_force(wins):
    np.testing.assert_allclose(fit(np.array(wins, float)).values, brute_force(wins), atol=1e-4)


@given(arrays(float, (4, 4), elements=st.integers(0, 2000).map(lambda twice: twice / 2)))
def test_any_wins_have_a_finite_answer_at_the_peak(wins):
    strengths = fit(wins)
    rates = np.array(win_rates(strengths))
    assert np.isfinite(strengths.values).all()
    assert np.isfinite(rates).all()
    assert (rates >= 0).all()
    assert (rates <= 1).all()
    assert (rates[:, 1] <= rates[:, 0] + 1e-9).all()
    assert (rates[:, 0] <= rates[:, 2] + 1e-9).all()
    chance = 1 / (1 + np.exp(strengths.values[None, :] - strengths.values[:, None]))
    np.fill_diagonal(wins, 0)
    won, expected = wins.sum(1) + 0.5, ((wins + wins.T) * chance).sum(1) + chance_of_phantom(strengths)
    np.testing.assert_allclose(won, expected, rtol=1e-6, atol=1e-6)


def chance_of_phantom(strengths):
    return 1 / (1 + np.exp(-strengths.values))


def test_the_interval_holds_the_truth_about_95_times_in_100():
    random = np.random.default_rng(0)
    truth = np.array([0.6, 0.0, -0.6])
    chance = 1 / (1 + np.exp(truth[None, :] - truth[:, None]))
    rate = (chance.sum(1) - 0.5) / 2
    held = []
    for _ in range(300):
        wins = np.zeros((3, 3))
        for i, j in ((0, 1), (0, 2), (1, 2)):
            wins[i, j] = random.binomial(40, chance[i, j])
            wins[j, i] = 40 - wins[i, j]
        held += [low <= true <= high for (_, low, high), true in zip(win_rates(fit(wins)), rate, strict=True)]
    assert 0.92 <= np.mean(held) <= 0.98


def test_more_comparisons_narrow_the_interval():
    few, many = (win_rates(fit(np.array([[0, 3.0], [1, 0]]) * times))[0] for times in (1, 100))
    assert few[2] - few[1] > 3 * (many[2] - many[1])
    assert few[1] < 0.5 < many[1]
