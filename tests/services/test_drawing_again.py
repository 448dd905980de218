"""Drawing failed pictures again, on a tiny checkpoint and a recogniser with random weights."""

import dataclasses
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import tiny_checkpoint, tiny_judge

from ecomgen.models.checkpoint import save_checkpoint
from ecomgen.models.gate import SIGNALS, TYPICAL, Typical, Weighing, load_gate
from ecomgen.models.recogniser import load_recogniser, save_recogniser
from ecomgen.schema import default_schema
from ecomgen.services.attributes import AttributeReader
from ecomgen.services.gate import TRIES, try_seed
from ecomgen.services.generation import Generation
from ecomgen.services.records import GenerationRequest, Picture
from ecomgen.settings import Settings
from ecomgen.training.autoencoder import to_tensor

ASKED = {"category": "belts", "colour": "red"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A checkpoint and a recogniser without a gate."""
    folder = tmp_path / "checkpoints"
    save_checkpoint(folder / "tiny", tiny_checkpoint())
    save_recogniser(folder / "vision", tiny_judge(), default_schema())
    return Settings(checkpoints=folder, home=tmp_path / "home", model="tiny")


def add_gate(settings: Settings, threshold: float) -> None:
    recogniser, _ = load_recogniser(settings.checkpoints / "vision")
    torch.manual_seed(1)
    means = torch.nn.functional.normalize(torch.randn(1, 256), dim=1)
    Typical(("belts",), means, torch.eye(256), 0.0, recogniser.hash()).save(settings.checkpoints / "tiny")
    weights = {name: (100.0 * (name == "realism"),) * (256 if name == "texture" else 1) for name in SIGNALS}
    Weighing(weights, 20.0, threshold, recogniser.hash()).save(settings.checkpoints / "vision")


def draw(settings: Settings, **changes: object) -> list[Picture]:
    request = {"attributes": ASKED, "count": 8, "seed": 5, "psi": 1.0} | changes
    generation = Generation(settings, AttributeReader(settings))
    return list(generation.generate(GenerationRequest(**request)))  # type: ignore[arg-type]


def scores(settings: Settings, pictures: list[Picture]) -> list[float]:
    recogniser, _ = load_recogniser(settings.checkpoints / "vision")
    gate = load_gate(recogniser, settings.checkpoints / "vision", settings.checkpoints / "tiny")
    assert gate
    pixels = torch.from_numpy(np.stack([np.asarray(p.image) for p in pictures]))
    return gate.score(to_tensor(pixels), [ASKED] * len(pictures)).tolist()


def same(one: Picture, other: Picture) -> bool:
    return np.array_equal(np.asarray(one.image), np.asarray(other.image)) and one.seed == other.seed


@pytest.fixture
def between(settings: Settings) -> Settings:
    """A gate at which about half of the pictures fail."""
    add_gate(settings, 0.0)
    add_gate(settings, float(np.median(scores(settings, draw(settings)))))
    return settings


def test_failed_pictures_make_way_for_others_that_pass(between: Settings) -> None:
    first, settled = draw(between, retry=False), draw(between)
    threshold = np.median(scores(between, first))
    failed = [score < threshold for score in scores(between, first)]
    assert any(failed)
    assert not all(failed)
    for i, picture in enumerate(settled):
        assert (picture.set_aside > 0) == failed[i]
        assert same(picture, first[i]) or failed[i]
        if picture.set_aside:
            assert picture.seed in [5 + i, *(try_seed(5 + i, n) for n in range(1, TRIES + 1))]
            assert picture.parameters()["set_aside"] == picture.set_aside
            assert "looked failed" in picture.parameters()["note"]
        else:
            assert "note" not in picture.parameters()
    assert np.mean(scores(between, settled)) > np.mean(scores(between, first))
    assert all(not p.set_aside for p in first)


def test_the_count_changes_no_picture(between: Settings) -> None:
    eight = draw(between)
    for i in range(8):
        assert same(eight[i], draw(between, seed=5 + i, count=1)[0])
    assert all(same(a, b) for a, b in zip(draw(between, count=3), eight, strict=False))


def test_the_seed_that_a_picture_carries_makes_it_again(between: Settings) -> None:
    for picture in draw(between):
        assert same(picture, draw(between, seed=picture.seed, count=1)[0])  # "again" on the page
        assert same(picture, draw(between, seed=picture.seed, count=1, retry=False)[0])
        assert "--no-retry" in picture.command()  # the command line


def test_where_all_tries_fail_the_best_one_is_taken(settings: Settings) -> None:
    add_gate(settings, 1.1)
    picture = draw(settings, count=1)[0]
    assert picture.set_aside == TRIES
    tries = [
        draw(settings, seed=s, count=1, retry=False)[0] for s in (5, *(try_seed(5, n) for n in (1, 2, 3)))
    ]
    assert same(picture, tries[int(np.argmax(scores(settings, tries)))])


def test_variations_are_left_as_they_are(settings: Settings) -> None:
    add_gate(settings, 1.1)
    for picture in draw(settings, variation=0.3, count=2):
        assert (picture.set_aside, picture.seed) == (0, 5)


def test_without_gate_or_recogniser_nothing_changes(between: Settings) -> None:
    first = draw(between, retry=False)
    shutil.rmtree(between.checkpoints / "vision")
    assert all(same(a, b) for a, b in zip(draw(between), first, strict=True))


def test_a_damaged_gate_is_logged_and_nothing_changes(
    between: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    first = draw(between, retry=False)
    (between.checkpoints / "tiny" / TYPICAL).write_bytes(b"no photos")
    with caplog.at_level(logging.WARNING):
        again = draw(between)
    assert all(same(a, b) for a, b in zip(again, first, strict=True))
    assert "damaged" in caplog.text


def test_try_seeds_differ_and_stay_in_their_range() -> None:
    seeds = {try_seed(seed, n) for seed in (0, 1, 2**62 - 1) for n in (1, 2, 3)}
    assert len(seeds) == 9
    assert all(2**62 <= seed < 2**63 for seed in seeds)


def test_one_try_is_told_in_the_singular(settings: Settings) -> None:
    picture = draw(settings, count=1)[0]
    assert dataclasses.replace(picture, set_aside=1).parameters()["note"].startswith("1 try ")
