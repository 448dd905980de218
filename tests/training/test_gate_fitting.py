"""Fitting the quality gate on drawings: photos of two categories, and pictures that are only noise."""

import numpy as np
import pytest
import torch
from drawing import draw_product
from tiny import tiny_judge

from ecomgen.models.gate import look
from ecomgen.models.learnt import load_learnt
from ecomgen.training.autoencoder import to_tensor
from ecomgen.training.gate import USABLE_THAT_PASS, features_of, fit_learnt, fit_typical, fit_weighing

RECOGNISER = tiny_judge()
CATEGORIES = ["belts", "watches"] * 30


def drawings(first: int) -> torch.Tensor:
    drawn = [draw_product(c, "red", (32, 32), seed=first + i) for i, c in enumerate(CATEGORIES)]
    return torch.from_numpy(np.stack([np.asarray(d) for d in drawn]))


def test_photos_of_the_category_are_more_usual_than_others_and_noise() -> None:
    typical = fit_typical(features_of(RECOGNISER, drawings(0)), CATEGORIES, RECOGNISER.hash())
    assert typical
    assert typical.categories == ("belts", "watches")
    features = RECOGNISER.features(to_tensor(drawings(100))[:, :, ::2, ::2])
    swapped = CATEGORIES[1:] + CATEGORIES[:1]
    own, other = typical.realism(features, CATEGORIES), typical.realism(features, swapped)
    assert (own > other).float().mean() > 0.8
    noise = RECOGNISER.features(torch.rand(20, 3, 16, 16) * 2 - 1)
    assert typical.realism(noise, CATEGORIES[:20]).max() < own.median()


def test_photos_without_category_teach_nothing() -> None:
    assert fit_typical(features_of(RECOGNISER, drawings(0)), [None] * len(CATEGORIES), "") is None


def test_a_photo_that_was_learnt_from_is_a_copy_and_others_are_not(tmp_path) -> None:
    fit_learnt(features_of(RECOGNISER, drawings(0)), RECOGNISER.hash()).save(tmp_path)
    learnt = load_learnt(tmp_path)
    assert learnt
    assert learnt.copies(features_of(RECOGNISER, drawings(0))).all()
    assert learnt.copies(features_of(RECOGNISER, drawings(1000))).float().mean() < 0.1


@pytest.mark.parametrize("use", [("realism",), ("texture",)])
def test_the_weighing_tells_failed_from_usable(use: tuple[str, ...]) -> None:
    typical = fit_typical(features_of(RECOGNISER, drawings(0)), CATEGORIES, RECOGNISER.hash())
    assert typical
    asked = [{"category": c} for c in CATEGORIES]
    broken = torch.rand(len(asked), 3, 16, 16) * 2 - 1
    usable = to_tensor(drawings(200))
    seen = [look(RECOGNISER, typical, pictures, asked) for pictures in (usable, broken)]
    signals = {name: torch.cat([s[name] for s in seen]) for name in seen[0]}
    failed = [False] * len(asked) + [True] * len(asked)
    score = (weighing := fit_weighing(RECOGNISER, signals, failed, use)).score(signals)
    passes = score >= weighing.threshold
    assert passes[: len(asked)].float().mean() >= USABLE_THAT_PASS - 0.1
    assert passes[len(asked) :].float().mean() < 0.1
    assert all(set(w) == {0.0} for name, w in weighing.weights.items() if name not in use)
