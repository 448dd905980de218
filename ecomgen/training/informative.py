"""Active learning: which photos a person should label first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.cluster import KMeans

_CONSIDERED = 10
"""Times as many uncertain photos are clustered as are chosen."""


def uncertainty(probabilities: Sequence[np.ndarray], open_: Sequence[np.ndarray]) -> np.ndarray:
    """How much each photo would teach [n]: over its open attributes, the sum of 1 - (likeliest - next likeliest).

    `probabilities`: an array [n, values] for each attribute; `open_`: a mask [n] for each, true where nobody labelled it.
    The margin is that of Scheffer et al., "Active Hidden Markov Models for Information Extraction" (2001).
    """
    total = np.zeros(len(open_[0]) if open_ else 0)
    for rows, is_open in zip(probabilities, open_, strict=True):
        two = np.partition(rows, -2, axis=1)[:, -2:]
        total += np.where(is_open, 1 - (two[:, 1] - two[:, 0]), 0.0)
    return total


def most_informative(features: np.ndarray, uncertain: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """The indices of up to `count` photos, the most informative first: uncertain ones that are not alike.

    Zhdanov, "Diverse Mini-batch Active Learning" (2019): the most uncertain are clustered, weighted by their uncertainty,
    into as many clusters as photos are wanted, and the one nearest to each centre is taken. `features` [n, d];
    `uncertain` [n], 0 for photos that need no label. Deterministic for a seed.
    """
    ranked = np.argsort(-uncertain, kind="stable")
    considered = ranked[: _CONSIDERED * count]
    considered = considered[uncertain[considered] > 0]
    if len(considered) <= count:
        return considered
    directions = (
        features[considered] / np.maximum(np.linalg.norm(features[considered], axis=1), 1e-9)[:, None]
    )
    weights = uncertain[considered]
    clusters = KMeans(count, n_init=1, random_state=seed).fit(directions, sample_weight=weights)
    distance = np.linalg.norm(directions - clusters.cluster_centers_[clusters.labels_], axis=1)
    nearest = [
        members[distance[members].argmin()]
        for label in range(count)
        if len(members := np.flatnonzero(clusters.labels_ == label))
    ]
    return considered[sorted(nearest)]  # `considered` is sorted by uncertainty
