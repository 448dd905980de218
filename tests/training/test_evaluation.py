"""The bench on synthetic photos: it tells copies and collapse from good pictures, and says the same twice."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from drawing import write_product_set
from tiny import tiny_checkpoint, tiny_judge

from ecomgen.errors import CheckpointError, DataError
from ecomgen.models.checkpoint import Checkpoint
from ecomgen.models.recogniser import Recogniser
from ecomgen.training import evaluation
from ecomgen.training.evaluation import (
    EvaluationOptions,
    Reference,
    evaluate_generator,
    look,
    look_at_photos,
    read_large,
)
from ecomgen.training.looking import look_closely
from ecomgen.training.metrics.scores import score
from ecomgen.training.photos import DataConfig, Photos, read_photos
from ecomgen.training.sampling import choose_rows

OPTIONS = EvaluationOptions(pictures=60, seed=3)
CATEGORIES, COLOURS = ("casual shoes", "belts", "watches"), ("black", "red", "blue")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    """216 photos, nine conditions, 16 px; a third of them held out."""
    path = tmp_path_factory.mktemp("products") / "set.zip"
    write_product_set(path, 216, categories=CATEGORIES, colours=COLOURS, size=(24, 32))
    return read_photos(DataConfig(held_out=0.34), path, 16)


@pytest.fixture(scope="module")
def judge() -> Recogniser:
    """Random weights, at another size than the pictures."""
    return tiny_judge({"category": CATEGORIES, "colour": (*COLOURS, "mauve")}, size=32)


@pytest.fixture(scope="module")
def reference(judge: Recogniser, photos: Photos) -> Reference:
    return look_at_photos(judge, photos)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, judge: Recogniser, photos: Photos, reference: Reference):
    """The scores of the pictures given, as if the checkpoint had drawn them."""

    def scores(pictures: torch.Tensor, checkpoint: Checkpoint | None = None) -> dict:
        monkeypatch.setattr(evaluation, "draw", lambda *args: pictures)
        options = dataclasses.replace(OPTIONS, pictures=len(pictures))
        return evaluate_generator(checkpoint or tiny_checkpoint(), judge, photos, reference, options)[
            "scores"
        ]

    return scores


def test_the_same_seed_gives_the_same_scores(judge: Recogniser, photos: Photos, reference: Reference) -> None:
    def measure(seed: int) -> str:
        options = dataclasses.replace(OPTIONS, seed=seed)
        result = evaluate_generator(tiny_checkpoint(), judge, photos, reference, options)
        del result["speed"]
        return json.dumps(result)

    assert measure(3) == measure(3)
    assert measure(3) != measure(4)


def test_every_score_is_explained_and_has_both_sides(
    judge: Recogniser, photos: Photos, reference: Reference
) -> None:
    told: list[float] = []
    result = evaluate_generator(
        tiny_checkpoint(), judge, photos, reference, OPTIONS, lambda what, share: told.append(share)
    )
    assert {"fd", "kid", "precision", "recall", "density", "coverage", "diversity", "near_copies_1"} <= set(
        result["scores"]
    )
    assert {"accuracy_category", "accuracy_colour"} <= set(result["scores"])
    for key, values in result["scores"].items():
        assert {"generated", "real"} <= set(values)
        assert score(key).better in ("lower", "higher")
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert result["sizes"]["pictures"] == 60
    assert result["sizes"]["held_out_photos"] == len(photos.held_out)


def test_real_photos_score_as_real_photos(drawn, photos: Photos) -> None:
    rows = choose_rows(len(photos.train), 60, OPTIONS.seed)
    scores = drawn(photos.train[rows])
    for key in ("fd", "kid", "precision", "recall", "density", "coverage"):
        assert scores[key]["generated"] == pytest.approx(scores[key]["real"], rel=1e-3, abs=1e-4), key


def test_copies_of_training_photos_are_told_from_new_photos(drawn, photos: Photos) -> None:
    copies, new = drawn(photos.train[:60]), drawn(photos.held_out[:60])
    assert copies["near_copies_1"]["generated"] == 1
    assert new["near_copies_5"]["generated"] < 0.15


def test_a_collapsed_generator_is_told(drawn, photos: Photos) -> None:
    collapsed = drawn(photos.held_out[:1].expand(60, -1, -1, -1))
    assert collapsed["diversity"]["generated"] < 0.05
    assert collapsed["recall"]["generated"] < 0.2 < collapsed["recall"]["real"]
    assert collapsed["coverage"]["generated"] < 0.2 < collapsed["coverage"]["real"]
    assert collapsed["fd"]["generated"] > 3 * collapsed["fd"]["real"]


def test_noise_is_told(drawn, photos: Photos) -> None:
    noise = drawn(torch.randint(256, (60, 16, 16, 3), dtype=torch.uint8))
    assert noise["precision"]["generated"] < 0.2 < noise["precision"]["real"]
    assert noise["kid"]["generated"] > 3 * noise["kid"]["generated_error"]


def test_the_judge_sees_pictures_of_any_size_at_its_own(judge: Recogniser) -> None:
    flat = torch.full((2, 16, 16, 3), 200, dtype=torch.uint8)
    large = torch.full((2, 48, 48, 3), 200, dtype=torch.uint8)
    torch.testing.assert_close(look(judge, flat), look(judge, large), rtol=1e-4, atol=1e-5)


def test_a_judge_of_other_things_says_so(photos: Photos, reference: Reference) -> None:
    other = tiny_judge({"season": ("summer", "winter")})
    with pytest.raises(
        CheckpointError, match="knows none of the values that the checkpoint “tiny” has learnt"
    ):
        evaluate_generator(tiny_checkpoint(), other, photos, reference, OPTIONS)


def test_too_few_photos_are_a_sentence(product_zip: Path, judge: Recogniser) -> None:
    few = read_photos(DataConfig(held_out=0.05), product_zip, 16)
    with pytest.raises(DataError, match="held-out photos that can be used; at least 12"):
        look_at_photos(judge, few)


def test_detail_is_looked_at_in_parts_of_full_resolution(judge: Recogniser) -> None:
    pictures = torch.randint(256, (3, 64, 64, 3), dtype=torch.uint8)
    parts = look_closely(judge, pictures)
    assert parts.shape == (3 * 4, 256)
    torch.testing.assert_close(parts[3:6], look(judge, pictures[:, :32, 32:]))
    assert look_closely(judge, pictures[:, :48, :48]).shape == (3 * 4, 256)  # parts overlap


def test_blur_costs_detail_and_small_pictures_have_none(
    monkeypatch: pytest.MonkeyPatch, photos: Photos, tmp_path: Path
) -> None:
    judge, checkpoint = tiny_judge({"category": CATEGORIES}, size=8 * 2), tiny_checkpoint()
    reference = look_at_photos(judge, photos)
    assert read_large(photos, 40, trim=False) is None  # the set's own photos are 24 x 32
    write_product_set(tmp_path / "large.zip", 216, categories=CATEGORIES, colours=COLOURS, size=(48, 64))
    large = read_large(photos, 32, False, tmp_path / "large.zip")
    assert large is not None
    assert large.held_out.shape[1:] == (32, 32, 3)

    def detail(pictures: torch.Tensor, size: int) -> dict | None:
        monkeypatch.setattr(evaluation, "draw", lambda *args: pictures)
        config = dataclasses.replace(
            checkpoint.generator.config, channels=(16,) * (size // 8).bit_length() + (8,)
        )
        monkeypatch.setattr(checkpoint.generator, "config", config)
        options = dataclasses.replace(OPTIONS, pictures=len(pictures))
        scores = evaluate_generator(checkpoint, judge, photos, reference, options, large=large)["scores"]
        return scores.get("detail_fd")

    sharp = large.train[:60]
    blurred = sharp[:, ::4, ::4].repeat_interleave(4, 1).repeat_interleave(4, 2)
    ours, theirs = detail(sharp, 32), detail(blurred, 32)
    assert ours is not None
    assert theirs is not None
    assert theirs["generated"] > 2 * ours["generated"]
    assert score("detail_fd").better == "lower"
    assert detail(sharp[:, ::2, ::2], 16) is None
