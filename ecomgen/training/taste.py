"""Taste: what reviewers will like, learnt in a second from what they liked before.

    features [n, d] of pictures, thumbs [n] --fit_taste--> Taste;  taste.score(features) -> [n], 0 (no) to 1 (yes)

A logistic regression with as much shrinkage as cross-validation asks for: with the few dozen votes that there are at first, more
than a straight line would be learnt by heart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ecomgen.errors import DataError

LEAST = 10
"""As many thumbs up, and as many down, there have to be."""

_SHRINKAGES = (0.0003, 0.003, 0.03, 0.3)
_FOLDS = 5


@dataclass(frozen=True)
class Taste:
    """A straight line through the features; `held_out` is its AUROC on votes that it was not fitted on (0.5 is chance)."""

    weights: np.ndarray  # [d]
    bias: float
    votes: int
    held_out: float

    def score(self, features: np.ndarray) -> np.ndarray:
        """Features [n, d] -> [n], how likely each is liked."""
        return 1 / (1 + np.exp(-(features @ self.weights + self.bias)))


def fit_taste(features: np.ndarray, liked: np.ndarray) -> Taste:
    """Learn from features [n, d] and thumbs bool [n]. Raises DataError when there are too few of either kind."""
    up = int(liked.sum())
    if min(up, len(liked) - up) < LEAST:
        raise DataError(
            f"There are {up} thumbs up and {len(liked) - up} down so far; to know the best, {LEAST} of each are needed."
        )
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    measured = []
    for shrinkage in _SHRINKAGES:
        guesses = cross_val_predict(_line(shrinkage), features, liked, cv=folds, method="predict_proba")
        measured.append((float(roc_auc_score(liked, guesses[:, 1])), -shrinkage))
    held_out, negative = max(measured)
    line = _line(-negative).fit(features, liked)
    scaler, regression = line.steps[0][1], line.steps[1][1]
    weights = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - weights @ scaler.mean_)
    return Taste(weights, bias, len(liked), held_out)


def _line(shrinkage: float) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=shrinkage, max_iter=500))


def choose(scores: np.ndarray, wanted: int, explore: int, chance: np.random.Generator) -> np.ndarray:
    """Which of the candidates [n] to show: the best ones first, and `explore` of the others by chance, so that what
    nobody has judged yet is judged as well."""
    order = np.argsort(-scores, kind="stable")
    best = order[: wanted - explore]
    others = chance.permutation(order[wanted - explore :])[:explore]
    return np.concatenate([best, others])


def spread(features: np.ndarray) -> float:
    """Mean distance between two of the pictures [n, d], n at least 2: how different they look."""
    differences = np.linalg.norm(features[:, None] - features[None], axis=2)
    n = len(features)
    return float(differences.sum() / (n * (n - 1)))
