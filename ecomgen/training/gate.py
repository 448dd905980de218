"""Fitting the quality gate: how photos of each category look, and how its signals are weighed."""

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
from ecomgen.models.recogniser import Recogniser, load_recogniser
from ecomgen.settings import bundled
from ecomgen.training.autoencoder import to_tensor

USABLE_THAT_PASS = 0.85
"""As many of the usable pictures pass; the rest are drawn again for nothing, which costs time only."""

_LOOKED_AT = 6000  # photos are enough for a mean of each category
_COMMON = 0.1  # share of the same deviation in all directions: keeps the inverse steady
_TEXTURE = 0.2  # the texture's many numbers count less each than the other signals
_LEAST = 4  # photos of a category


def write_typical(folder: Path, photos: Tensor, products: Sequence[Product]) -> bool:
    """Put `gate.safetensors` beside the generator in `folder`, from its training photos (uint8 [n, s, s, 3]).

    False where no recogniser ships with this ecomgen, or no category has photos enough: the generator then goes without.
    """
    vision = bundled("checkpoints") / "vision"
    if not vision.is_dir():
        return False
    typical = fit_typical(
        load_recogniser(vision)[0], photos, [p.attributes.get("category") for p in products]
    )
    if typical:
        typical.save(folder)
    return typical is not None


def fit_typical(
    recogniser: Recogniser, photos: Tensor, categories: Sequence[str | None], seed: int = 0
) -> Typical | None:
    """How the features of photos (uint8 [n, s, s, 3]) lie around the mean of their category; None without categories.

    Means of Gaussians with one covariance, as Lee et al. 2018 ("A Simple Unified Framework for Detecting
    Out-of-Distribution Samples") take them.
    """
    chance = torch.Generator().manual_seed(seed)
    some = torch.randperm(len(photos), generator=chance).tolist()
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
        parts = photos[chosen[:most]].split(128)
        features = torch.cat([recogniser.features(fitted(recogniser, to_tensor(part))) for part in parts])
        directions = F.normalize(features, dim=1).double()
        means.append(directions.mean(0))
        residues.append(directions - means[-1])
    around = torch.cat(residues)
    covariance = around.T @ around / len(around)
    even = torch.eye(len(covariance), dtype=torch.float64) * covariance.diagonal().mean().clamp(min=1e-9)
    whitening = torch.linalg.cholesky(torch.linalg.inv((1 - _COMMON) * covariance + _COMMON * even))
    usual = float((around @ whitening).square().sum(1).clamp(min=1e-6).log().median())
    return Typical(tuple(rows), torch.stack(means).float(), whitening.float(), usual, recogniser.hash())


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
