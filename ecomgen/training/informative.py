"""Active learning: which photos a person should label first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.cluster import KMeans


def doubt(probabilities: Sequence[np.ndarray], unsure: Sequence[np.ndarray]) -> np.ndarray:
    """How much is open about each photo [n]: over its unsure attributes, the sum of 1 - (likeliest - next likeliest).

    `probabilities`: an array [n, values] for each attribute; `unsure`: a mask [n] for each. The margin is that of Scheffer,
    Decomain and Wrobel, "Active Hidden Markov Models for Information Extraction" (2001).
    """
    total = np.zeros(len(unsure[0]) if unsure else 0)
    for rows, is_unsure in zip(probabilities, unsure, strict=True):
        two = np.partition(rows, -2, axis=1)[:, -2:]
        total += np.where(is_unsure, 1 - (two[:, 1] - two[:, 0]), 0.0)
    return total


def most_informative(features: np.ndarray, doubts: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """The indices of up to `count` photos, the most informative first: each typical of photos that are in doubt together.

    Those with any doubt are clustered, and the photo nearest to each centre stands for its cluster; the cluster with the
    most doubt in it comes first. With few labels typical photos teach more than the most doubtful ones, which are often
    mislabelled or odd: Hacohen, Dekel and Weinshall, "Active Learning on a Budget" (2022); benchmarks/recognition.py
    measures it. `features` [n, d]; `doubts` [n], 0 for photos that need no label. Deterministic for a seed.
    """
    candidates = np.flatnonzero(doubts > 0)
    if not 0 < count < len(candidates):
        return candidates[np.argsort(-doubts[candidates], kind="stable")][:count]
    lengths = np.linalg.norm(features[candidates], axis=1, keepdims=True)
    directions = features[candidates] / np.maximum(lengths, 1e-9)
    clusters = KMeans(count, n_init=1, random_state=seed).fit(directions)
    distance = np.linalg.norm(directions - clusters.cluster_centers_[clusters.labels_], axis=1)
    mass = np.bincount(clusters.labels_, doubts[candidates], minlength=count)
    members = [np.flatnonzero(clusters.labels_ == label) for label in np.argsort(-mass, kind="stable")]
    return candidates[[m[distance[m].argmin()] for m in members if len(m)]]
