"""Training for real, small: synthetic products, a loss that falls, a resumed run that equals an unbroken one."""

import dataclasses
from pathlib import Path

import pytest
import torch

from ecomgen.errors import CheckpointError, ConfigError, DataError
from ecomgen.models.checkpoint import load_checkpoint
from ecomgen.models.critic import CriticConfig
from ecomgen.models.discriminator import DiscriminatorConfig
from ecomgen.models.encoder import EncoderConfig
from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.synthesis import resized
from ecomgen.training.adversarial import AdversarialConfig
from ecomgen.training.autoencoder import AutoencoderConfig
from ecomgen.training.generator import GeneratorTraining, train_generator
from ecomgen.training.mapping import MappingConfig
from ecomgen.training.photos import DataConfig, read_detail, read_photos
from ecomgen.training.runlog import read_log

SMALL = GeneratorTraining(
    data=DataConfig(held_out=0.1),
    generator=GeneratorConfig(
        channels=(32, 32, 16), base=8, w_dim=16, mapping_width=32, mapping_layers=2, steps=4
    ),
    encoder=EncoderConfig(channels=(16, 32), base=8, w_dim=16),
    discriminator=DiscriminatorConfig(channels=(16, 32)),
    critic=CriticConfig(width=8),
    autoencoder=AutoencoderConfig(images=16 * 100, batch=16, half_life=100, log_every=5),
    mapping=MappingConfig(latents=16 * 400, batch=16, half_life=100, log_every=5),
    adversarial=AdversarialConfig(images=16 * 10, batch=16, half_life=100, log_every=5),
    least=2,
    precision="fp32",
    compile=False,
)


@pytest.fixture(scope="module")
def trained(product_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "unbroken"
    assert train_generator(SMALL, product_zip, out)
    return out


def test_the_losses_fall(trained: Path) -> None:
    log = read_log(trained / "log.jsonl")
    pixels = [line["pixels"] for line in log if line["phase"] == "autoencoder"]
    assert pixels[-1] < 0.8 * pixels[0]
    flow = [line["loss"] for line in log if line["phase"] == "mapping"]
    assert sum(flow[-20:]) / 20 < 2.3  # of latents that are still mostly noise, 2 is all there is to reach
    assert any("adversary" in line for line in log)


def test_the_checkpoint_knows_what_it_saw(trained: Path) -> None:
    checkpoint = load_checkpoint(trained)
    assert set(checkpoint.counts["category"]) == {"casual shoes", "handbags", "watches"}
    assert set(checkpoint.counts["colour"]) == {"red", "blue", "green"}
    assert checkpoint.training["photos"] + checkpoint.training["held_out"] == 36
    assert (trained / "reconstructions.png").stat().st_size > 0


@pytest.mark.parametrize("stop_after", [3, 465, 505])
def test_a_stopped_and_resumed_run_equals_an_unbroken_one(
    trained: Path, product_zip: Path, tmp_path: Path, stop_after: int
) -> None:
    steps = iter(range(10_000))
    assert not train_generator(
        SMALL, product_zip, tmp_path / "a", should_stop=lambda: next(steps) >= stop_after
    )
    # In the last phase there is something to show already.
    assert (tmp_path / "a" / "config.json").exists() == (stop_after == 505)
    assert train_generator(SMALL, product_zip, tmp_path / "a", resume=True)
    assert load_checkpoint(tmp_path / "a").hash == load_checkpoint(trained).hash


def test_training_can_start_from_a_checkpoint(trained: Path, product_zip: Path, tmp_path: Path) -> None:
    brief = dataclasses.replace(SMALL.autoencoder, images=32, rate=0.0, adversary_rate=0.0)
    still = dataclasses.replace(SMALL.adversarial, images=32, rate=0.0, adversary_rate=0.0)
    config = dataclasses.replace(SMALL, start=str(trained), autoencoder=brief, adversarial=still)
    assert train_generator(config, product_zip, tmp_path / "b")
    before, after = load_checkpoint(trained).generator, load_checkpoint(tmp_path / "b").generator
    w = torch.randn(2, 16)
    torch.testing.assert_close(after.synthesis(w), before.synthesis(w), rtol=1e-3, atol=1e-3)
    other = dataclasses.replace(config, generator=dataclasses.replace(SMALL.generator, channels=(32, 32, 8)))
    with pytest.raises(CheckpointError, match="another shape"):
        train_generator(other, product_zip, tmp_path / "c")


def test_a_checkpoint_grows_to_larger_pictures(trained: Path, product_zip: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(
        SMALL,
        start=str(trained),
        generator=dataclasses.replace(SMALL.generator, channels=(32, 32, 24, 8)),
        autoencoder=AutoencoderConfig(images=0),
        mapping=MappingConfig(latents=0),
        adversarial=dataclasses.replace(SMALL.adversarial, images=32, rate=0.0, adversary_rate=0.0),
    )
    assert train_generator(config, product_zip, tmp_path / "d")
    before, after = load_checkpoint(trained), load_checkpoint(tmp_path / "d")
    w = torch.randn(32, 16)
    drawn = resized(before.generator.synthesis(w), 32)
    torch.testing.assert_close(after.generator.synthesis(w), drawn, rtol=2e-2, atol=2e-2)  # fp16
    assert after.counts == before.counts
    assert after.training["started_from"]["hash"] == before.hash
    with pytest.raises(CheckpointError, match="another shape"):
        train_generator(
            dataclasses.replace(config, generator=SMALL.generator, start=str(tmp_path / "d")),
            product_zip,
            tmp_path / "e",
        )


def test_a_phase_needs_a_budget_or_a_start(product_zip: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="need a budget"):
        train_generator(
            dataclasses.replace(SMALL, mapping=MappingConfig(latents=0)), product_zip, tmp_path / "f"
        )


def test_detail_comes_from_the_set_named_for_it(product_zip: Path) -> None:
    photos = read_photos(SMALL.data, product_zip, 16)
    own, rows = read_detail(SMALL.data, product_zip, photos.train_products, 32)
    assert own.shape[1:] == (32, 32, 3)
    assert len(own) == len(rows) > 0
    none, _ = read_detail(SMALL.data, product_zip, photos.train_products, 1024)
    assert len(none) == 0
    named = DataConfig(held_out=0.1, detail=str(product_zip), detail_aspect=1.0)
    other, other_rows = read_detail(named, product_zip, photos.train_products, 32)
    assert other.shape == own.shape
    assert sorted(other_rows.tolist()) == sorted(rows.tolist())
    squeezed, _ = read_detail(
        dataclasses.replace(named, detail_aspect=0.5), product_zip, photos.train_products, 32
    )
    assert not torch.equal(squeezed, other)


def test_held_out_photos_are_not_learnt_from(product_zip: Path) -> None:
    photos = read_photos(SMALL.data, product_zip, 16)
    held = {p.name for p in photos.held_out_products}
    assert held
    assert held.isdisjoint(p.name for p in photos.train_products)
    assert photos.train.shape[1:] == (16, 16, 3)


def test_a_set_without_the_wanted_categories_is_refused(product_zip: Path) -> None:
    with pytest.raises(DataError, match="no photo of the wanted categories: ties"):
        read_photos(DataConfig(categories=("ties",)), product_zip, 16)
