"""Pretraining for real, small: a loss that falls, an exact resume, and figures beside random and supervised ones."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from ecomgen.errors import CheckpointError, ConfigError, DataError
from ecomgen.models.backbone import BackboneConfig, load_backbone
from ecomgen.models.recogniser import Recogniser, RecogniserConfig, save_recogniser
from ecomgen.schema import default_schema
from ecomgen.training.augment import AugmentConfig
from ecomgen.training.device import choose_compute
from ecomgen.training.pretrain import Pretraining, PretrainingRun, pretrain, starting_backbone, turn_quarters
from ecomgen.training.probe import linear_probe, nearest_neighbours
from ecomgen.training.runlog import read_log

SMALL = Pretraining(
    augment=AugmentConfig(area=0.25, light=0.4, hue=0.03), backbone=BackboneConfig(size=16, blocks=(1, 1, 1)), images=16 * 30, batch=16, projection=16, held_out=0.2, precision="fp32"
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(product_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pretraining")
    recogniser = Recogniser(RecogniserConfig(SMALL.backbone, {"colour": ("red", "blue")})).eval()
    save_recogniser(folder / "supervised", recogniser, default_schema())
    out = folder / "backbone"
    assert pretrain(dataclasses.replace(SMALL, compare=str(folder / "supervised")), [product_zip], out)
    return out


def test_the_loss_falls_and_each_backbone_is_measured(trained: Path) -> None:
    log = read_log(trained / "log.jsonl")
    assert log[-1]["step"] == 20
    metrics = json.loads((trained / "metrics.json").read_text())
    assert set(metrics["held_out"]) == {"simclr", "random", "supervised"}
    for measured in metrics["held_out"].values():
        assert all(0 <= measured[a][k] <= 1 for a in ("category", "colour") for k in ("knn", "linear"))


def test_the_folder_holds_what_was_trained(trained: Path) -> None:
    backbone = load_backbone(trained)
    pictures = torch.rand(2, 3, 16, 16) * 2 - 1
    assert backbone(pictures).shape == (2, 256)
    assert not torch.allclose(backbone(pictures), starting_backbone(SMALL).eval()(pictures))
    again = starting_backbone(dataclasses.replace(SMALL, start=str(trained)))
    assert torch.equal(again(pictures), backbone(pictures))


def test_a_stopped_and_resumed_run_equals_an_unbroken_one(
    trained: Path, product_zip: Path, tmp_path: Path
) -> None:
    steps = iter(range(100))
    assert not pretrain(SMALL, [product_zip], tmp_path, should_stop=lambda: next(steps) >= 11)
    assert pretrain(SMALL, [product_zip], tmp_path, resume=True)
    assert (tmp_path / "model.safetensors").read_bytes() == (trained / "model.safetensors").read_bytes()


def test_after_a_retreat_it_goes_on_with_half_the_rate() -> None:
    pixels = torch.randint(0, 256, (16, 16, 16, 3), dtype=torch.uint8)
    run = PretrainingRun(SMALL, starting_backbone(SMALL), pixels, choose_compute("fp32"))
    before = run.state()
    run.step()
    rate = run.optimizer.param_groups[0]["lr"]
    run.retreat(before)
    run.step()
    assert run.optimizer.param_groups[0]["lr"] == rate / 2


def test_photos_without_labels_are_enough(product_zip: Path, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(product_zip) as source, zipfile.ZipFile(tmp_path / "plain.zip", "w") as plain:
        for name in source.namelist():
            if name.endswith(".jpg"):
                plain.writestr(f"photos/{Path(name).name}", source.read(name))
    brief = dataclasses.replace(SMALL, images=32, objective="vicreg")
    assert pretrain(brief, [tmp_path / "plain.zip"], tmp_path / "out")
    assert json.loads((tmp_path / "out/metrics.json").read_text())["held_out"] == {"vicreg": {}, "random": {}}


def test_what_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="known are: simclr, vicreg"):
        Pretraining(objective="magic")
    with pytest.raises(CheckpointError, match="There is no backbone"):
        starting_backbone(dataclasses.replace(SMALL, start=str(tmp_path)))
    with pytest.raises(DataError, match="Name a product set"):
        pretrain(SMALL, [], tmp_path / "out")


def test_a_quarter_turn_brings_the_right_side_up() -> None:
    picture = torch.zeros(3, 4, 4)
    picture[:, 0, 3] = 1
    turned = turn_quarters(torch.stack([picture] * 4), torch.arange(4))
    assert [tuple(t[0].nonzero()[0].tolist()) for t in turned] == [(0, 3), (0, 0), (3, 0), (3, 3)]


def test_probes_know_what_the_features_tell() -> None:
    torch.manual_seed(0)
    labels = torch.randint(3, (300,))
    told = torch.randn(300, 8) + 6 * torch.eye(3, 8)[labels]
    sets = (told[:200], labels[:200], told[200:], labels[200:])
    assert nearest_neighbours(*sets) > 0.95
    assert linear_probe(*sets) > 0.95
    nothing = torch.randn(300, 8)
    sets = (nothing[:200], labels[:200], nothing[200:], labels[200:])
    assert nearest_neighbours(*sets) < 0.6
    assert linear_probe(*sets) < 0.6
