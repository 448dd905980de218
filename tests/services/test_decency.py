"""The optional classifier of uploads, on a tiny network with known weights: bright pictures are what it turns away."""

from pathlib import Path

import pytest
import torch
from drawing import photo_bytes, write_files
from PIL import Image
from transformers import ResNetConfig, ResNetForImageClassification, ViTImageProcessor

from ecomgen.errors import ConfigError, DataError, PolicyRefusal
from ecomgen.services.checking import Checking
from ecomgen.services.decency import Decency
from ecomgen.services.recognition import Recognition
from ecomgen.settings import Settings

BRIGHT, DARK = (Image.new("RGB", (64, 48), (shade,) * 3) for shade in (250, 10))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet that passes on how bright a picture is: all features alike, and a last layer set by hand."""
    torch.manual_seed(0)
    config = ResNetConfig(
        embedding_size=4, hidden_sizes=[4], depths=[1], layer_type="basic", num_channels=3,
        id2label={0: "normal", 1: "nsfw"}, label2id={"normal": 0, "nsfw": 1},
    )  # fmt: skip
    model = ResNetForImageClassification(config).eval()
    processor = ViTImageProcessor(size={"height": 32, "width": 32}, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    features = [
        model.resnet(**processor(p, return_tensors="pt")).pooler_output.flatten() for p in (BRIGHT, DARK)
    ]
    with torch.no_grad():
        model.classifier[1].weight.zero_()
        difference = features[0] - features[1]
        model.classifier[1].weight[1] = 20 * difference / difference.square().sum()
        middle = float((features[0] + features[1]) @ difference / 2)
        model.classifier[1].bias.copy_(torch.tensor([0.0, -20 * middle / float(difference.square().sum())]))
    folder = tmp_path_factory.mktemp("classifier")
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def test_it_turns_away_what_it_was_taught(classifier: Path) -> None:
    decency = Decency(Settings(decency_model=str(classifier)))
    assert decency.allows(DARK)
    with pytest.raises(PolicyRefusal):
        decency.check(BRIGHT)


def test_every_door_asks_it(classifier: Path, tmp_path: Path) -> None:
    settings = Settings(decency_model=str(classifier), checkpoints=tmp_path)
    recognition = Recognition(settings)
    assert recognition.open(photo_bytes(DARK, "PNG")).size == DARK.size
    with pytest.raises(PolicyRefusal):
        recognition.open(photo_bytes(BRIGHT, "PNG"))
    files = {"dark.png": photo_bytes(DARK, "PNG"), "bright.png": photo_bytes(BRIGHT, "PNG")}
    checked = Checking(settings, recognition).check(write_files(tmp_path / "set.zip", files))
    assert [product.name for product in checked.products] == ["dark.png"]
    assert [(r.name, r.reason) for r in checked.refused] == [
        ("bright.png", "It does not look suitable for a shop.")
    ]
    with pytest.raises(DataError):
        Checking(settings, recognition).check(write_files(tmp_path / "b.zip", {"b.png": files["bright.png"]}))


def test_one_that_cannot_be_loaded_or_has_no_such_label_is_told(classifier: Path, tmp_path: Path) -> None:
    assert Decency(Settings()).allows(BRIGHT)  # none is named
    with pytest.raises(ConfigError):
        Decency(Settings(decency_model=str(tmp_path / "nowhere"))).check(DARK)
    model = ResNetForImageClassification.from_pretrained(classifier)
    model.config.id2label = {0: "cats", 1: "dogs"}
    model.save_pretrained(tmp_path)
    ViTImageProcessor.from_pretrained(classifier).save_pretrained(tmp_path)
    with pytest.raises(ConfigError):
        Decency(Settings(decency_model=str(tmp_path))).check(DARK)
