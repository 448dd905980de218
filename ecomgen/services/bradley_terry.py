"""How strong each of several rivals is, from which of two was the better one.

Bradley & Terry, "Rank analysis of incomplete block designs", Biometrika 39 (1952): i beats j with the probability
1 / (1 + exp(s_j - s_i)). Each rival also has one draw with a phantom of strength 0, so that there is always one answer,
and a finite one, even when a rival won every time or two groups never met.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PRECISION = 1e-10
_STEPS = 100  # Newton's method takes about six
_TWO_SIDED_95 = 1.959964

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Strengths:
    """The strengths s [n] that make the wins most likely, and the covariance [n, n] of their error (inverse Fisher information)."""

    values: Array
    covariance: Array


def fit(wins: Array) -> Strengths:
    """Strengths from `wins` [n, n]: how often i beat j, a draw being half a win for each; the diagonal is not looked at."""
    wins = np.array(wins, dtype=np.float64)
    np.fill_diagonal(wins, 0)
    met = wins + wins.T
    strengths = np.zeros(len(wins))
    for _ in range(_STEPS):
        gradient, information = _slope(strengths, wins, met)
        step = np.linalg.solve(information, gradient)
        # Far from the answer a whole step may go too far; the likelihood has one peak, so a shorter one climbs.
        while _likelihood(strengths + step, wins) < _likelihood(strengths, wins) - _PRECISION:
            step /= 2
        strengths = strengths + step
        if np.abs(step).max(initial=0) < _PRECISION:
            break
    return Strengths(strengths, np.linalg.inv(_slope(strengths, wins, met)[1]))


def win_rates(strengths: Strengths) -> list[tuple[float, float, float]]:
    """For each rival: the chance to beat another one, each as often (0 to 1), and its 95 % interval.

    The interval comes from the Fisher information, carried over to the logit of that chance (delta method), so it stays
    within 0 and 1. Needs at least two rivals.
    """
    result = []
    for i in range(len(strengths.values)):
        others = np.arange(len(strengths.values)) != i
        beaten = _sigmoid(strengths.values[i] - strengths.values[others])
        rate = beaten.mean()
        slope = np.zeros(len(strengths.values))
        slope[others] = -beaten * (1 - beaten) / others.sum()
        slope[i] = -slope.sum()
        error = np.sqrt(slope @ strengths.covariance @ slope) / (rate * (1 - rate))
        logit = np.log(rate / (1 - rate))
        low, high = _sigmoid(logit + np.array([-1, 1]) * _TWO_SIDED_95 * error)
        result.append((float(rate), float(low), float(high)))
    return result


def _likelihood(strengths: Array, wins: Array) -> float:
    ahead = strengths[:, None] - strengths[None, :]
    phantom = np.logaddexp(0, strengths) + np.logaddexp(0, -strengths)
    return float(-(wins * np.logaddexp(0, -ahead)).sum() - 0.5 * phantom.sum())


def _slope(strengths: Array, wins: Array, met: Array) -> tuple[Array, Array]:
    """The gradient [n] of the log-likelihood and the information [n, n], its negative second derivative."""
    beats = _sigmoid(strengths[:, None] - strengths[None, :])
    phantom = _sigmoid(strengths)
    gradient = (wins - met * beats).sum(1) + 0.5 - phantom
    spread = met * beats * (1 - beats)
    return gradient, np.diag(spread.sum(1) + phantom * (1 - phantom)) - spread


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))
