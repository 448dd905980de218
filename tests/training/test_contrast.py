"""Photos and texts in one space: which text fits which photo, the loss against a plain reference, and a run for real."""

import dataclasses
import json
import math
import random
from pathlib import Path

import pytest
import torch

from ecomgen.data.products import read_products
from ecomgen.models.backbone import BackboneConfig
from ecomgen.models.recogniser import load_recogniser
from ecomgen.models.text import TextEncoder
from ecomgen.schema import default_schema
from ecomgen.training.augment import AugmentConfig
from ecomgen.training.autoencoder import to_tensor
from ecomgen.training.contrast import Captions, contrastive_loss, describes
from ecomgen.training.recognise import RecogniserTraining, read_labelled, train_recogniser
from ecomgen.training.runlog import read_log
from ecomgen.training.text import TextConfig, train_text

SCHEMA = default_schema()


def test_a_caption_says_only_what_the_photo_shows(product_folder: Path) -> None:
    products = read_products(product_folder).products
    captions, rng = Captions(SCHEMA, products), random.Random(0)
    texts = [(row, *captions.draw(row, rng)) for row in range(len(products)) for _ in range(5)]
    for row, text, said in texts:
        shown = products[row].attributes
        assert all(shown[name] in (None, value) for name, value in said.items() if value)
        assert text
    assert any(text.isascii() for _, text, _ in texts)
    assert any(not text.isascii() for _, text, _ in texts)


def test_a_text_fits_every_photo_that_is_as_it_says() -> None:
    photos = [
        {"category": "belts", "colour": "red"},
        {"category": "belts", "colour": "blue"},
        {"category": "watches", "colour": None},
    ]
    texts = [("red belt", photos[0]), ("belt", {"category": "belts"}), ("lovely", {})]
    fits = describes(texts, photos, SCHEMA)
    assert fits.tolist() == [[True, True, False], [False, True, False], [False, False, True]]


def test_the_contrastive_loss_is_its_reference() -> None:
    torch.manual_seed(0)
    photos, texts = torch.nn.functional.normalize(torch.randn(2, 4, 6), dim=2).unbind()
    fits = torch.eye(4, dtype=torch.bool)
    fits[0, 2] = fits[3, 1] = True
    scores = [[7 * float(p @ t) for t in texts] for p in photos]
    total = 0.0
    for matrix, wanted in ((scores, fits), (list(zip(*scores, strict=True)), fits.T)):
        for row, right in zip(matrix, wanted.tolist(), strict=True):
            norm = math.log(sum(math.exp(s) for s in row))
            total -= sum(s - norm for s, r in zip(row, right, strict=True) if r) / sum(right) / 8
    loss = contrastive_loss(photos, texts, fits, torch.tensor(7.0))
    assert float(loss) == pytest.approx(total, rel=1e-5)


def test_a_run_brings_texts_and_photos_together(product_zip: Path, tmp_path: Path) -> None:
    tiny = TextConfig(layers=1, width=32, heads=2, max_tokens=32, vocabulary=600, dim=24, steps=30, batch=16)
    train_text(tiny, product_zip, tmp_path / "start", resume=False)
    before = TextEncoder.load(tmp_path / "start")
    config = RecogniserTraining(
        backbone=BackboneConfig(size=16, blocks=(1, 1, 1)), augment=AugmentConfig(area=0.9, light=0.1), images=16 * 150,
        batch=16, least=2, text=str(tmp_path / "start"), text_rate=1.0, text_from=0.2, held_out=0.1, precision="fp32",
    )  # fmt: skip
    assert train_recogniser(config, [product_zip], tmp_path / "vision")
    log = read_log(tmp_path / "vision" / "log.jsonl")
    assert "contrast" not in log[0]  # the text encoder comes later
    contrast = [float(line["contrast"]) for line in log if "contrast" in line]
    assert contrast[-1] < 0.8 * contrast[0]

    recogniser, _ = load_recogniser(tmp_path / "vision")
    encoder = TextEncoder.load(tmp_path / "text")
    assert encoder.hash() != before.hash()
    metrics = json.loads((tmp_path / "text" / "metrics.json").read_text())
    assert metrics["training"]["rounds"] == [30]
    assert metrics["training"]["beside_photos"] == 16 * 120
    kept, _ = read_labelled([product_zip], 16, 0.1)
    photos = recogniser.describe(recogniser.features(to_tensor(kept.pixels)))
    found = (photos @ encoder.describe(["red", "blue", "green"]).T).argmax(1)
    wanted = torch.tensor(
        [["red", "blue", "green"].index(p.attributes["colour"] or "") for p in kept.products]
    )
    assert (found == wanted).float().mean() > 0.6

    stopped = iter(range(1000))
    assert not train_recogniser(
        config, [product_zip], tmp_path / "again", should_stop=lambda: next(stopped) > 3
    )
    brief = dataclasses.replace(config, images=16 * 6)
    assert train_recogniser(brief, [product_zip], tmp_path / "again", resume=True)
