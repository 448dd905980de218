"""A recogniser learns drawn products for real, is calibrated on photos of its own, and resumes exactly."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from ecomgen.models.backbone import BackboneConfig, save_backbone
from ecomgen.models.recogniser import load_recogniser
from ecomgen.schema import default_schema
from ecomgen.training.augment import AugmentConfig
from ecomgen.training.autoencoder import to_tensor
from ecomgen.training.device import choose_compute
from ecomgen.training.pretrain import Pretraining, starting_backbone
from ecomgen.training.recognise import (
    RecogniserRun,
    RecogniserTraining,
    new_recogniser,
    read_labelled,
    split_calibration,
    train_recogniser,
)

SMALL = RecogniserTraining(
    backbone=BackboneConfig(size=16, blocks=(1, 1, 1)), augment=AugmentConfig(area=0.8, light=0.1),
    images=16 * 90, batch=16, small=0.5, least=2, held_out=0.1, precision="fp32",
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(product_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("recogniser")
    assert train_recogniser(SMALL, [product_zip], out)
    return out


def test_it_knows_what_it_was_shown(trained: Path, product_zip: Path) -> None:
    recogniser, _ = load_recogniser(trained)
    assert set(recogniser.config.values["colour"]) == {"red", "blue", "green"}
    kept, _ = read_labelled([product_zip], 16, SMALL.held_out)
    read = recogniser.read(to_tensor(kept.pixels))["colour"].argmax(1)
    wanted = [1 + recogniser.config.values["colour"].index(p.attributes["colour"]) for p in kept.products]
    assert (read == torch.tensor(wanted)).float().mean() > 0.9
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["hash"] == recogniser.hash()
    assert metrics["held_out"]["colour"]["photos"] == metrics["training"]["held_out"] > 0


def test_a_stopped_and_resumed_run_equals_an_unbroken_one(
    trained: Path, product_zip: Path, tmp_path: Path
) -> None:
    steps = iter(range(1000))
    assert not train_recogniser(SMALL, [product_zip], tmp_path, should_stop=lambda: next(steps) >= 40)
    assert train_recogniser(SMALL, [product_zip], tmp_path, resume=True)
    assert load_recogniser(tmp_path)[0].hash() == load_recogniser(trained)[0].hash()


def test_no_photo_is_in_two_parts(product_zip: Path) -> None:
    kept, held_out = read_labelled([product_zip, product_zip], 16, 0.3)
    learnt, calibration = split_calibration(kept, 0.3)
    parts = [{p.name for p in part.products} for part in (learnt, calibration, held_out)]
    assert len(parts[0] | parts[1] | parts[2]) == sum(map(len, parts)) == 36
    assert len(kept.products) == 2 * (36 - len(held_out.products))  # named twice, learnt from twice


def test_after_a_retreat_it_goes_on_with_half_the_rates(product_zip: Path, tmp_path: Path) -> None:
    save_backbone(tmp_path, starting_backbone(Pretraining(backbone=SMALL.backbone)))
    config = dataclasses.replace(SMALL, start=str(tmp_path), start_rate=0.1)
    kept, _ = read_labelled([product_zip], 16, 0.1)
    recogniser = new_recogniser(config, kept.products, default_schema())
    run = RecogniserRun(config, recogniser, kept, choose_compute("fp32"))

    def rates() -> list[float]:
        run.step()
        return [group["lr"] for group in run.optimizer.param_groups]

    before = run.state()
    backbone, rest = rates()
    assert backbone == pytest.approx(0.1 * rest)
    run.retreat(before)
    assert rates() == [backbone / 2, rest / 2]


def test_it_can_start_from_a_pretrained_backbone(product_zip: Path, tmp_path: Path) -> None:
    backbone = starting_backbone(Pretraining(backbone=SMALL.backbone, seed=7))
    save_backbone(tmp_path, backbone)
    kept, _ = read_labelled([product_zip], 16, 0.1)
    config = dataclasses.replace(SMALL, start=str(tmp_path))
    recogniser = new_recogniser(config, kept.products, default_schema())
    torch.testing.assert_close(
        recogniser.backbone.net.conv1.weight, backbone.net.conv1.weight, atol=1e-3, rtol=1e-2
    )
