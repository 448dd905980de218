"""Training the text encoder: a run of seconds, its pieces, and refitting the readout for a frozen model."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import CLIPTextModel

from ecomgen.errors import ConfigError
from ecomgen.models.text import TextEncoder
from ecomgen.schema import default_schema
from ecomgen.settings import Settings
from ecomgen.training.config import load_config
from ecomgen.training.lexicon import Lexicon
from ecomgen.training.likeness import FAMILIES, WordPairs
from ecomgen.training.prompts.maker import PromptMaker
from ecomgen.training.readout import fit_readout, honest_temperatures, measure, targets
from ecomgen.training.runlog import read_log
from ecomgen.training.text import (
    TextBatches,
    TextConfig,
    Titles,
    read_prompts,
    title_attributes,
    train_text,
    train_tokenizer,
)

SCHEMA = default_schema()
TINY = TextConfig(
    layers=1, width=32, heads=2, max_tokens=32, vocabulary=600, dim=24, steps=51, batch=16, learning_rate=3e-3
)


def test_the_bundled_configuration_can_be_read() -> None:
    config = load_config(Path(__file__).parents[2] / "configs" / "text.toml", TextConfig)
    assert config.dim == 256
    assert read_prompts(Path(__file__).parents[2] / config.free_prompts)
    with pytest.raises(ConfigError):
        TextConfig(width=30, heads=4)


def test_a_short_run_learns_and_writes_a_checkpoint(product_folder: Path, tmp_path: Path) -> None:
    train_text(TINY, product_folder, tmp_path, resume=False)
    lines = read_log(tmp_path / "log.jsonl")
    assert float(lines[-1]["loss"]) < 0.8 * float(lines[0]["loss"])
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    encoder = TextEncoder.load(tmp_path)
    assert metrics["encoder_hash"] == encoder.hash()
    before = encoder.embed(["red", "belts"])
    assert set(metrics["held_out_prompts"]) == set(SCHEMA.names)
    CLIPTextModel.from_pretrained(tmp_path)
    train_text(TINY, product_folder, tmp_path, resume=True)
    assert json.loads((tmp_path / "metrics.json").read_text())["training"]["rounds"] == [51, 51]
    after = read_log(tmp_path / "log.jsonl")
    assert float(after[-1]["loss"]) < 0.8 * float(lines[0]["loss"])
    kept = (TextEncoder.load(tmp_path).embed(["red", "belts"]) * before).sum(dim=1)
    assert kept.min() > 0.5  # by chance about 0: generators were trained with the vectors of before


def test_a_round_ends_when_its_time_is_over(product_folder: Path, tmp_path: Path) -> None:
    train_text(replace(TINY, steps=100_000, minutes=1e-4), product_folder, tmp_path, resume=False)
    (steps,) = json.loads((tmp_path / "metrics.json").read_text())["training"]["rounds"]
    assert 1 <= steps < 1000


def test_the_tokenizer_reads_both_languages_and_takes_chinese_apart() -> None:
    tokenizer = train_tokenizer(["red running shoes 红色跑鞋"] * 3, 400, 32)
    assert tokenizer("RED shoes")["input_ids"] == tokenizer("red shoes")["input_ids"]
    assert len(tokenizer("红色跑鞋")["input_ids"]) >= 4 + 2
    text = tokenizer.decode(tokenizer("红色 red")["input_ids"], skip_special_tokens=True)
    assert text.replace(" ", "") == "红色red"


def test_titles_assert_only_what_they_say() -> None:
    lexicon = Lexicon(SCHEMA)
    row = {"category": "sports shoes", "colour": "black"}
    assert title_attributes(lexicon, "Puma Men Speeder Shoes", row)["colour"] is None
    assert (
        title_attributes(lexicon, "Puma Men Shoes for Running, Sports Shoes", row)["category"]
        == "sports shoes"
    )
    assert title_attributes(lexicon, "Puma Men Speeder", row)["category"] is None
    assert title_attributes(lexicon, "Red and Black Sandals", row)["colour"] == "black"
    assert title_attributes(lexicon, "Red Sandals", row)["colour"] == "red"
    assert title_attributes(lexicon, "Red Sandals", row)["category"] == "sandals"


def test_wanted_cosines_are_symmetric_and_families_hold_known_values() -> None:
    for name, families in FAMILIES.items():
        known = {v.name for v in SCHEMA[name].values}
        members = [value for family in families for value in family]
        assert set(members) <= known
        assert len(members) == len(set(members))
    words, wanted = WordPairs(SCHEMA, ["zorb", "quix", "flim"], 0).sample(noise=2)
    assert wanted.shape == (len(words), len(words))
    assert torch.equal(wanted, wanted.T)
    assert torch.equal(wanted.diagonal(), torch.ones(len(words)))


def test_the_readout_is_refitted_for_a_frozen_model() -> None:
    """The bundled model without its readout stands in for one from elsewhere; fewer prompts than usual."""
    folder = Settings().checkpoints / "text"
    teacher, encoder = TextEncoder.load(folder), TextEncoder.load(folder)
    encoder.readout = None
    weights = [p.clone() for p in encoder.clip.parameters()]
    fit_readout(encoder, SCHEMA, teacher, prompts=1000, steps=150)
    assert all(torch.equal(a, b) for a, b in zip(weights, encoder.clip.parameters(), strict=True))
    numbers = measure(encoder, PromptMaker(SCHEMA, 6).prompts(300))
    assert (numbers["colour"]["accuracy"] or 0) > 0.6  # by chance, one of 31
    assert (numbers["category"]["accuracy"] or 0) > 0.6  # by chance, one of 44
    for ours, theirs in ((encoder.embed, teacher.embed), (encoder.describe, teacher.describe)):
        cosines = [ours([w])[0] @ theirs([w])[0] for w in ("red", "black leather belt", "红色跑鞋")]
        assert min(cosines) > 0.85


def test_batches_hold_labelled_texts_of_similar_length(product_folder: Path) -> None:
    titles = Titles(Lexicon(SCHEMA), product_folder, TINY)
    batches = TextBatches(PromptMaker(SCHEMA, 0), titles, size=32, title_share=0.5, seed=0)
    for _ in range(20):
        batch = batches.next()
        assert len(batch) == 32
        assert all(SCHEMA.resolve(chosen) == chosen for _, chosen in batch)
        lengths = sorted(len(text.encode()) for text, _ in batch)
        assert lengths[-2] <= lengths[1] + 200


def test_confidences_become_honest() -> None:
    """Logits that are right in 3 of 4 cases and twice too sure: halved, they say 0.75."""
    logits = torch.tensor([[2 * math.log(3), 0.0]]).expand(400, 2)
    wanted = (torch.arange(400) % 4 == 0).long()[:, None]
    (temperature,) = honest_temperatures([logits], wanted)
    assert temperature.item() == pytest.approx(2, rel=0.05)


def test_targets_number_values_from_one() -> None:
    item = ("x", {"colour": "black"})
    assert targets(SCHEMA, [item])[0].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
