"""Fine-tuning for real, small: a base of synthetic products learns a set with a word that it never saw."""

import dataclasses
from pathlib import Path

import pytest
import torch
from drawing import write_product_set
from tiny import tiny_judge

from ecomgen.errors import ConfigError, DataError
from ecomgen.models.checkpoint import load_checkpoint
from ecomgen.training.finetune import PLAN, Rates, finetune, keep_plan, measure, plan, read_plan
from ecomgen.training.gain import measure_gain
from ecomgen.training.generator import GeneratorTraining
from ecomgen.training.photos import read_photos

RATES = Rates(0.001, 0.0001, 0.002)


def test_a_new_word_and_another_background_are_learnt(base: Path, teapots: Path, tmp_path: Path) -> None:
    assert finetune(base, teapots, tmp_path / "new", "full", 0.4)
    new, old = load_checkpoint(tmp_path / "new"), load_checkpoint(base)
    assert set(new.counts["category"]) == {"teapots", "watches"}
    config = read_plan(tmp_path / "new" / PLAN)
    photos = read_photos(config.data, teapots, 16)
    gain = measure_gain(old, new, tiny_judge(), photos, pictures=64)
    assert gain["kid_tuned"][0] < 0.5 * gain["kid_base"][0]
    assert gain["held_out"] + gain["photos"] == 60
    assert len(gain["nearest"]) == 8
    w = new.encoder(torch.zeros(1, 3, 16, 16))[0]
    assert torch.isfinite(new.generator.synthesis(w)).all()


def test_a_stopped_run_goes_on_with_its_plan_and_ends_the_same(
    base: Path, teapots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecomgen.training.finetune.measure", lambda checkpoint: Rates(0.02, 0.002, 0.05))
    assert finetune(base, teapots, tmp_path / "whole", "freeze", 0.1)
    asked = iter(range(10_000))
    assert not finetune(base, teapots, tmp_path / "parts", "freeze", 0.1, should_stop=lambda: next(asked) > 3)
    monkeypatch.setattr("ecomgen.training.finetune.measure", None)  # is not asked again
    assert finetune(base, teapots, tmp_path / "parts", "freeze", 0.1, resume=True)
    assert load_checkpoint(tmp_path / "parts").hash == load_checkpoint(tmp_path / "whole").hash


def test_the_plan_follows_set_minutes_and_method(base: Path) -> None:
    checkpoint = load_checkpoint(base)

    def planned(photos: int, minutes: float = 10.0, method: str = "full") -> GeneratorTraining:
        return plan(base, checkpoint, photos, method, minutes, RATES, "New")

    few, many = planned(100), planned(5_000)
    spent = (
        many.autoencoder.images * RATES.autoencoder
        + many.mapping.latents * RATES.mapping
        + many.adversarial.images * RATES.adversarial
    )
    assert spent == pytest.approx(600, rel=0.01)
    assert few.adversarial.light > many.adversarial.light == 0
    assert few.autoencoder.images <= 400 * 100
    assert few.data.held_out * 100 >= 12
    assert planned(200, method="freeze").adversarial.frozen > planned(200).adversarial.frozen == 0
    assert planned(200, 20).autoencoder.images > planned(200, 0.01).autoencoder.images >= 1
    with pytest.raises(DataError, match="at least 24"):
        planned(23)
    with pytest.raises(ConfigError, match="full, freeze, adapter"):
        planned(200, method="magic")


def test_a_kept_plan_is_read_as_it_was_and_a_broken_one_is_one_sentence(base: Path, tmp_path: Path) -> None:
    config = plan(base, load_checkpoint(base), 200, "full", 1.0, RATES, "新")
    keep_plan(config, tmp_path / PLAN)
    assert read_plan(tmp_path / PLAN) == config
    (tmp_path / PLAN).write_text('{"title": ')
    with pytest.raises(ConfigError, match="cannot be read"):
        read_plan(tmp_path / PLAN)


def test_rates_are_of_this_machine_and_leave_the_base_as_it_was(base: Path) -> None:
    checkpoint = load_checkpoint(base)
    before = checkpoint.generator.synthesis.first.weight.clone()
    rates = measure(checkpoint)
    assert all(0 < seconds < 10 for seconds in dataclasses.astuple(rates))
    assert torch.equal(checkpoint.generator.synthesis.first.weight, before)


def test_too_few_photos_are_refused_before_anything_is_written(base: Path, tmp_path: Path) -> None:
    small = write_product_set(tmp_path / "small.zip", 12)
    with pytest.raises(DataError, match="only 12"):
        finetune(base, small, tmp_path / "new", "full", 0.1)
    assert not (tmp_path / "new").exists()
