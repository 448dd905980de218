"""The light export: pruning keeps what matters, teaching brings it nearer, a kill loses nothing, the result loads."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny import tiny_checkpoint

from ecomgen.models.backbone import Backbone, BackboneConfig
from ecomgen.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ecomgen.models.discriminator import DiscriminatorConfig, PatchDiscriminator
from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.stylegan import Generator
from ecomgen.training.adversaries import load_adversary
from ecomgen.training.light import (
    LightConfig,
    LightRun,
    draw_latents,
    light_shape,
    prune,
    train_light,
)

CONFIG = LightConfig(minutes=0.01, latents=64, batch=8, save_seconds=1e9)


def teacher() -> Checkpoint:
    checkpoint = tiny_checkpoint()
    config = replace(checkpoint.generator.config, channels=(32, 32, 24, 16), base=8)
    torch.manual_seed(3)
    checkpoint.generator = Generator(config).eval().requires_grad_(False)
    checkpoint.generator.mapping.leave.reset_parameters()
    for layer in checkpoint.generator.synthesis.to_rgb:
        torch.nn.init.normal_(layer.weight, std=0.1)
    return checkpoint


def distance(a: torch.nn.Module, b: torch.nn.Module, w: torch.Tensor) -> float:
    with torch.no_grad():
        return float((a(w) - b(w)).abs().mean())


def test_pruning_nothing_changes_nothing() -> None:
    generator = teacher().generator
    w = torch.randn(8, 12)
    same = prune(generator.synthesis, generator.config, w)
    assert distance(same, generator.synthesis, w) < 1e-6


def test_channels_that_say_nothing_are_the_ones_that_go() -> None:
    """A network whose other half is silent is drawn by the smaller one to the pixel."""
    generator = teacher().generator
    synthesis, silent = generator.synthesis, slice(8, 16)  # of the 16 channels before the colours
    synthesis.to_rgb[-1].weight[:, silent] = 0
    synthesis.blocks[-1].convolutions[1].weight[:, silent] = 0
    config = replace(generator.config, channels=(32, 32, 24, 8))
    w = torch.randn(8, 12)
    assert distance(prune(synthesis, config, w), synthesis, w) < 1e-5


def test_a_light_shape_is_a_shape() -> None:
    shape = light_shape(GeneratorConfig(channels=(320, 320, 192, 96, 48, 24), steps=6), 0.6)
    assert shape.channels == (192, 192, 128, 64, 32)
    assert (shape.size, shape.steps, shape.folded) == (128, 3, True)


def test_latents_are_of_all_that_can_be_asked_for_and_the_same_again() -> None:
    checkpoint = teacher()
    w = draw_latents(checkpoint, 20, seed=1)
    assert w.shape == (20, 12)
    assert torch.equal(w, draw_latents(checkpoint, 20, seed=1))
    assert not torch.equal(w, draw_latents(checkpoint, 20, seed=2))


def run_of(checkpoint: Checkpoint, pictures: int) -> LightRun:
    synthesis = checkpoint.generator.synthesis
    latents = draw_latents(checkpoint, CONFIG.latents, 1)
    student = prune(synthesis, light_shape(checkpoint.generator.config, 0.5), latents)
    torch.manual_seed(0)
    adversary = PatchDiscriminator(DiscriminatorConfig((8, 8))).eval().requires_grad_(False)
    torch.manual_seed(0)
    backbone = Backbone(BackboneConfig(size=16)).eval()
    return LightRun(CONFIG, synthesis, student, adversary, backbone, latents, pictures)


def test_teaching_brings_it_nearer_and_goes_on_to_the_bit() -> None:
    checkpoint = teacher()
    run, w = run_of(checkpoint, 400), torch.randn(16, 12)
    before = distance(run.average, run.teacher, w)
    for _ in range(25):
        run.step()
    state = {k: v if isinstance(v, int) else _copied(v) for k, v in run.state().items()}
    for _ in range(25):
        run.step()
    assert distance(run.average, run.teacher, w) < 0.95 * before
    again = run_of(checkpoint, 7)  # what a slower minute would have measured
    again.load(state)
    assert again.budget == 400
    for _ in range(25):
        again.step()
    for a, b in zip(run.average.parameters(), again.average.parameters(), strict=True):
        assert torch.equal(a, b)


def _copied(value: object) -> object:
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {k: _copied(v) for k, v in value.items()}
    return [_copied(v) for v in value] if isinstance(value, list) else value


def test_the_result_is_a_checkpoint_as_any_other(tmp_path: Path) -> None:
    folder, out = tmp_path / "whole", tmp_path / "light"
    save_checkpoint(folder, teacher())
    assert train_light(folder, out, CONFIG)
    light = load_checkpoint(out)
    assert (
        light.generator.config.channels
        == light_shape(load_checkpoint(folder).generator.config, CONFIG.width).channels
    )
    assert light.training["light_of_hash"] == load_checkpoint(folder).hash
    assert light.training["light_pictures"] >= CONFIG.batch
    assert (out / "light.png").exists()
    assert "whole" in (out / "README.md").read_text()
    schedule = light.generator.schedule(*light.vocabulary.lookup([{"category": "belts"}]))
    assert torch.isfinite(light.generator(torch.randn(2, 12), schedule)).all()


@pytest.mark.parametrize("damaged", [b"", b"no weights"])
def test_without_an_adversary_it_does_without(tmp_path: Path, damaged: bytes) -> None:
    assert load_adversary(tmp_path) is None
    (tmp_path / "adversary.safetensors").write_bytes(damaged)
    assert load_adversary(tmp_path) is None
