"""The recogniser and its folder: shapes, calibrated probabilities, what a damaged folder says."""

from pathlib import Path

import pytest
import torch

from ecomgen.errors import CheckpointError, ConfigError
from ecomgen.models.backbone import Backbone, BackboneConfig, load_backbone, save_backbone
from ecomgen.models.checkpoint import is_other_network
from ecomgen.models.recogniser import (
    Recogniser,
    RecogniserConfig,
    class_numbers,
    load_recogniser,
    save_recogniser,
)
from ecomgen.schema import default_schema

CONFIG = RecogniserConfig(
    BackboneConfig(size=16, blocks=(1, 1, 1)), {"category": ("belts", "watches"), "colour": ("red",)}, dim=8
)


@pytest.fixture
def recogniser() -> Recogniser:
    torch.manual_seed(0)
    return Recogniser(CONFIG).eval().requires_grad_(False)


def test_reads_probabilities_and_vectors(recogniser: Recogniser) -> None:
    pictures = torch.rand(130, 3, 16, 16) * 2 - 1  # more than are taken at a time
    read = recogniser.read(pictures)
    assert {name: p.shape for name, p in read.items()} == {"category": (130, 3), "colour": (130, 2)}
    torch.testing.assert_close(read["category"].sum(1), torch.ones(130))
    features = recogniser.features(pictures)
    assert features.shape == (130, 256)
    torch.testing.assert_close(recogniser.describe(features).norm(dim=1), torch.ones(130))
    torch.testing.assert_close(recogniser.features(pictures[:1]), features[:1], atol=1e-4, rtol=1e-4)


def test_a_temperature_changes_the_confidence_not_the_answer(recogniser: Recogniser) -> None:
    pictures = torch.rand(6, 3, 16, 16) * 2 - 1
    sharp = recogniser.read(pictures)["category"]
    recogniser.temperatures[0] = 5.0
    soft = recogniser.read(pictures)["category"]
    assert torch.equal(sharp.argmax(1), soft.argmax(1))
    assert (soft.max(1).values < sharp.max(1).values).all()


def test_classes_tell_something_else_from_not_said() -> None:
    products = [{"category": "watches", "colour": None}, {"category": "umbrellas", "colour": "red"}, {}]
    classes = class_numbers(CONFIG, products)
    assert classes["category"].tolist() == [2, 0, -1]
    assert classes["colour"].tolist() == [-1, 1, -1]


def test_a_folder_gives_the_same_network_back(recogniser: Recogniser, tmp_path: Path) -> None:
    recogniser.temperatures[1] = 0.5
    save_recogniser(tmp_path, recogniser, default_schema())
    loaded, schema = load_recogniser(tmp_path)
    assert loaded.config == CONFIG
    assert schema == default_schema()
    assert is_other_network(tmp_path)
    pictures = torch.rand(2, 3, 16, 16) * 2 - 1
    torch.testing.assert_close(
        loaded.read(pictures)["colour"], recogniser.read(pictures)["colour"], atol=5e-3, rtol=0
    )
    assert loaded.hash() == load_recogniser(tmp_path)[0].hash()


@pytest.mark.parametrize("damage", ["config.json", "model.safetensors"])
def test_a_damaged_folder_is_one_sentence(recogniser: Recogniser, tmp_path: Path, damage: str) -> None:
    with pytest.raises(CheckpointError, match="There is no recogniser"):
        load_recogniser(tmp_path)
    save_recogniser(tmp_path, recogniser, default_schema())
    (tmp_path / damage).write_bytes(b'{"kind": 3')
    with pytest.raises(CheckpointError, match="damaged"):
        load_recogniser(tmp_path)


def test_a_backbone_folder(tmp_path: Path) -> None:
    torch.manual_seed(0)
    backbone = Backbone(BackboneConfig(size=16, blocks=(1, 2, 1))).eval()
    save_backbone(tmp_path, backbone)
    loaded = load_backbone(tmp_path)
    assert loaded.config == backbone.config
    pictures = torch.rand(2, 3, 16, 16) * 2 - 1
    torch.testing.assert_close(loaded(pictures), backbone(pictures), atol=2e-2, rtol=1e-2)
    (tmp_path / "config.json").write_text('{"size": 4, "blocks": [1, 1, 1]}')
    with pytest.raises(CheckpointError, match="damaged"):
        load_backbone(tmp_path)


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ConfigError, match="three stages"):
        BackboneConfig(blocks=(1, 1))
