"""An adapter over a small base, taught for real: it learns a word, stays small, and leaves its base as it is."""

import shutil
from pathlib import Path

import pytest
import torch
from tiny import tiny_judge

from ecomgen.errors import CheckpointError
from ecomgen.models.adapter import AdapterConfig
from ecomgen.models.checkpoint import ADAPTER, load_checkpoint
from ecomgen.training.adapting import AdapterTraining, train_adapter
from ecomgen.training.adversarial import AdversarialConfig
from ecomgen.training.finetune import PLAN, Rates, finetune, plan, read_plan
from ecomgen.training.gain import measure_gain
from ecomgen.training.mapping import MappingConfig
from ecomgen.training.photos import DataConfig, read_photos


def small(base: Path, latents: int = 4800, images: int = 32) -> AdapterTraining:
    return AdapterTraining(
        base=str(base),
        adapter=AdapterConfig(rank=2, leave_rank=4, directions=3),
        data=DataConfig(held_out=0.25),
        mapping=MappingConfig(latents=latents, batch=16, half_life=200),
        adversarial=AdversarialConfig(images=images, batch=8, half_life=8),
        least=4,
    )


@pytest.fixture(scope="module")
def adapted(base: Path, teapots: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter beside its base."""
    place = tmp_path_factory.mktemp("adapted")
    shutil.copytree(base, place / "base")
    assert train_adapter(small(place / "base"), teapots, place / "new")
    return place / "new"


def test_a_new_word_and_another_background_are_learnt(adapted: Path, teapots: Path) -> None:
    before, after = load_checkpoint(adapted.parent / "base"), load_checkpoint(adapted)
    assert set(after.counts["category"]) == {"teapots", "watches"}
    photos = read_photos(DataConfig(held_out=0.25), teapots, 16)
    gain = measure_gain(before, after, tiny_judge(), photos, pictures=64)
    assert gain["kid_tuned"][0] < 0.5 * gain["kid_base"][0]
    photo = photos.train[:8].permute(0, 3, 1, 2).float() / 127.5 - 1
    # The encoder was turned together with what reads its latents: a photo comes back as itself, better than from the base.
    errors = [
        float((each.generator.synthesis(each.encoder(photo)[0]) - photo).abs().mean())
        for each in (after, before)
    ]
    assert errors[0] < errors[1]


def test_it_is_small_and_holds_only_what_was_learnt(adapted: Path) -> None:
    assert not list(adapted.glob("model*.safetensors"))
    assert (adapted / ADAPTER).stat().st_size < 0.6 * sum(
        path.stat().st_size for path in (adapted.parent / "base").glob("model*.safetensors")
    )
    assert load_checkpoint(adapted).training["adapter_share"] < 0.6  # of a very small base


def test_a_stopped_run_goes_on_and_ends_the_same(base: Path, teapots: Path, tmp_path: Path) -> None:
    config = small(base, 800, 24)
    assert train_adapter(config, teapots, tmp_path / "whole")
    for resume, steps in ((False, 30), (True, 21)):  # of the first phase's 50, then into the second one
        stop = iter([False] * steps + [True])
        assert not train_adapter(config, teapots, tmp_path / "parts", resume, lambda stop=stop: next(stop))
    assert train_adapter(config, teapots, tmp_path / "parts", resume=True)
    hashes = {load_checkpoint(tmp_path / name, [base.parent]).hash for name in ("whole", "parts")}
    assert len(hashes) == 1


def test_it_is_planned_kept_and_run_as_a_method(base: Path, teapots: Path, tmp_path: Path) -> None:
    rates = Rates(0.001, 0.0001, 0.002)
    config = plan(base, load_checkpoint(base), 200, "adapter", 0.5, rates, "New")
    assert isinstance(config, AdapterTraining)
    spent = config.mapping.latents * rates.mapping + config.adversarial.images * rates.adversarial
    assert spent == pytest.approx(30, rel=0.01)
    assert finetune(base, teapots, tmp_path / "new", "adapter", 0.1, "New")
    kept = read_plan(tmp_path / "new" / PLAN)
    assert isinstance(kept, AdapterTraining)
    assert kept.images >= 16
    new = load_checkpoint(tmp_path / "new", [base.parent])
    assert torch.isfinite(new.generator.synthesis(torch.zeros(1, 16))).all()
    with pytest.raises(CheckpointError, match="not here"):
        load_checkpoint(tmp_path / "new")  # its base is somewhere else
