"""Fitting the quality gate: how photos of each category look, which were learnt from, and how its signals are weighed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from torch import Tensor

from ecomgen.data.products import Product
from ecomgen.models.gate import SIGNALS, Typical, Weighing, fitted
from ecomgen.models.learnt import Learnt
from ecomgen.models.recogniser import Recogniser, load_recogniser
from ecomgen.settings import bundled
from ecomgen.training.autoencoder import to_tensor

USABLE_THAT_PASS = 0.85
"""As many of the usable pictures pass; the rest are drawn again for nothing, which costs time only."""

_NEAR = 0.01
"""A copy is nearer to a photo than all but this share of the photos are to their nearest other one."""

_SAME = 1e-3  # as near as a photo is to itself, once it has been kept in half precision
_DIRECTIONS = 64  # of 256: they hold 96 % of how the features of catalogue photos differ
_COMPARED = 4000  # photos are enough to find that distance
_LOOKED_AT = 6000  # photos are enough for a mean of each category
_COMMON = 0.1  # share of the same deviation in all directions: keeps the inverse steady
_TEXTURE = 0.2  # the texture's many numbers count less each than the other signals
_LEAST = 4  # photos of a category


def write_gate(folder: Path, photos: Tensor, products: Sequence[Product]) -> bool:
    """Put `gate.safetensors` and `learnt.safetensors` beside the generator in `folder`, from its training photos
    (uint8 [n, s, s, 3]).

    False where no recogniser ships with this ecomgen, or no category has photos enough: the generator then goes without.
    """
    vision = bundled("checkpoints") / "vision"
    if not vision.is_dir():
        return False
    recogniser = load_recogniser(vision)[0]
    features = features_of(recogniser, photos)
    typical = fit_typical(features, [p.attributes.get("category") for p in products], recogniser.hash())
    if typical:
        typical.save(folder)
        fit_learnt(features, recogniser.hash()).save(folder)
    return typical is not None


def features_of(recogniser: Recogniser, photos: Tensor) -> Tensor:
    """Photos uint8 [n, s, s, 3] -> their features as directions [n, 256]."""
    parts = [recogniser.features(fitted(recogniser, to_tensor(part))) for part in photos.split(128)]
    return F.normalize(torch.cat(parts), dim=1)


def fit_typical(
    features: Tensor, categories: Sequence[str | None], recogniser: str, seed: int = 0
) -> Typical | None:
    """How the features of photos lie around the mean of their category; None without categories.

    Means of Gaussians with one covariance, as Lee et al. 2018 ("A Simple Unified Framework for Detecting
    Out-of-Distribution Samples") take them.
    """
    chance = torch.Generator().manual_seed(seed)
    some = torch.randperm(len(features), generator=chance).tolist()
    rows: dict[str, list[int]] = {}
    for i in some:
        if (name := categories[i]) is not None:
            rows.setdefault(name, []).append(i)
    rows = {name: r for name, r in sorted(rows.items()) if len(r) >= _LEAST}
    if not rows:
        return None
    most = max(_LEAST, _LOOKED_AT // len(rows))
    means, residues = [], []
    for chosen in rows.values():
        directions = features[chosen[:most]].double()
        means.append(directions.mean(0))
        residues.append(directions - means[-1])
    around = torch.cat(residues)
    covariance = around.T @ around / len(around)
    even = torch.eye(len(covariance), dtype=torch.float64) * covariance.diagonal().mean().clamp(min=1e-9)
    whitening = torch.linalg.cholesky(torch.linalg.inv((1 - _COMMON) * covariance + _COMMON * even))
    usual = float((around @ whitening).square().sum(1).clamp(min=1e-6).log().median())
    return Typical(tuple(rows), torch.stack(means).float(), whitening.float(), usual, recogniser)


def fit_learnt(features: Tensor, recogniser: str, seed: int = 0) -> Learnt:
    """Where the photos lie along the directions in which they differ most, and how near to one a copy is."""
    centred = (features - features.mean(0)).double()
    basis = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -_DIRECTIONS:].float()
    points = features @ basis
    some = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed))[:_COMPARED]
    others = [
        torch.cdist(part, points).topk(2, largest=False).values[:, 1] for part in points[some].split(256)
    ]
    limit = max(_SAME, float(torch.quantile(torch.cat(others), _NEAR)))
    return Learnt(basis, points, limit, recogniser)


def fit_weighing(
    recogniser: Recogniser,
    signals: Mapping[str, Tensor],
    failed: Sequence[bool],
    use: Sequence[str] = SIGNALS,
) -> Weighing:
    """A logistic regression of usable against failed pictures; `use` names the signals that may count.

    The threshold comes from pictures that the fit of their turn had not seen.
    """
    columns = torch.cat([signals[name] for name in SIGNALS], dim=1).numpy().astype(np.float64)
    share = np.concatenate([np.full(signals[n].shape[1], _share(n) * (n in use)) for n in SIGNALS])
    centre, spread = columns.mean(0), columns.std(0) + 1e-6
    x, usable = (columns - centre) / spread * share, ~np.asarray(failed, dtype=bool)
    model = LogisticRegression(C=1.0, max_iter=3000)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    unseen = cross_val_predict(model, x, usable, cv=folds, method="predict_proba")[:, 1]
    fit = model.fit(x, usable)
    weight = fit.coef_[0] * share / spread
    ends = np.cumsum([signals[name].shape[1] for name in SIGNALS])[:-1]
    return Weighing(
        weights={n: tuple(w.tolist()) for n, w in zip(SIGNALS, np.split(weight, ends), strict=True)},
        bias=float(fit.intercept_[0] - centre @ weight),
        threshold=float(np.quantile(unseen[usable], 1 - USABLE_THAT_PASS)),
        recogniser=recogniser.hash(),
    )


def _share(signal: str) -> float:
    return _TEXTURE if signal == "texture" else 1.0
