"""What a few votes can tell: how sure a share is, and how far reviewers agree beyond chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

_Z = 1.959963984540054  # of the normal distribution, 95 % lie within so many standard deviations


@dataclass(frozen=True)
class Agreement:
    """How often two reviewers of the same picture say the same (0 to 1), and how often chance alone would make them.

    `alpha` is Krippendorff's: 1 is full agreement, 0 is chance; None where everyone always says the same, so that nothing
    can be told.
    """

    pictures: int
    observed: float
    by_chance: float
    alpha: float | None


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), each end 0 to 1; all of that without trials."""
    if trials == 0:
        return 0.0, 1.0
    share, z2 = successes / trials, _Z * _Z
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def agreement(judged: Mapping[tuple[int, int], int]) -> Agreement | None:
    """From (votes up, votes down) -> how many pictures got these; None where no picture has two votes.

    Krippendorff (2004), "Content Analysis", chapter 11, for two categories and any number of reviewers a picture.
    """
    pairable = {votes: count for votes, count in judged.items() if sum(votes) > 1 and count > 0}
    ups = sum(up * count for (up, _), count in pairable.items())
    downs = sum(down * count for (_, down), count in pairable.items())
    total = ups + downs
    if total == 0:
        return None
    differing = sum(2 * up * down / (up + down - 1) * count for (up, down), count in pairable.items()) / total
    expected = 2 * ups * downs / (total * (total - 1))
    alpha = 1 - differing / expected if expected else None
    return Agreement(sum(pairable.values()), 1 - differing, 1 - expected, alpha)
