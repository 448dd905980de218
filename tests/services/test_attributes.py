"""Prompts to attributes, on the bundled checkpoint and on a CLIP model from elsewhere."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ecomgen.errors import CheckpointError, InvalidRequest
from ecomgen.models.text import TextEncoder
from ecomgen.schema import default_schema
from ecomgen.services.attributes import AttributeReader, check_prompt
from ecomgen.settings import Settings
from ecomgen.training.text import TextConfig, new_encoder, train_tokenizer


def prompts_in(name: str) -> list[dict[str, Any]]:
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


PROMPTS = prompts_in("prompts.jsonl")
FREE_PROMPTS = prompts_in("free_prompts.jsonl")


@pytest.fixture(scope="module")
def reader() -> AttributeReader:
    return AttributeReader(Settings())


def said(reader: AttributeReader, prompt: str) -> dict[str, str]:
    return {name: reading.value for name, reading in reader.read(prompt).items() if reading.value}


@pytest.mark.parametrize(
    "prompt", ["red running shoes", "RED Running Shoes!", "红色跑鞋", "red\u200b running\tshoes 👟"]
)
def test_the_first_prompt_of_every_newcomer(reader: AttributeReader, prompt: str) -> None:
    found = said(reader, prompt)
    assert found["colour"] == "red"
    assert found["category"] == "sports shoes"
    assert set(found) <= {"colour", "category", "usage"}


def test_every_attribute_is_answered_in_order_with_a_confidence(reader: AttributeReader) -> None:
    readings = reader.read("running shoes")
    assert tuple(readings) == reader.schema.names
    assert readings["colour"].value is None
    assert all(0 <= reading.confidence <= 1 for reading in readings.values())


def test_free_prompts_are_understood(reader: AttributeReader) -> None:
    """Hand-written prompts: nine of ten categories and colours right, hardly anything asserted that is not said."""
    right = {"category": [0, 0], "colour": [0, 0]}
    false = chances = 0
    for item in PROMPTS:
        found, wanted = said(reader, item["prompt"]), item["attributes"]
        for name in reader.schema.names:
            if name in wanted and name in right:
                right[name][0] += found.get(name) == wanted[name]
                right[name][1] += 1
            elif name not in wanted and name != "usage":  # "running shoes" may be read as for sports
                chances += 1
                false += name in found
    assert len(PROMPTS) >= 60
    for hits, asserted in right.values():
        assert hits / asserted >= 0.9
    assert false / chances <= 0.03


def test_the_test_set_is_well_formed_and_covers_the_schema(reader: AttributeReader) -> None:
    assert len({item["prompt"] for item in FREE_PROMPTS}) == len(FREE_PROMPTS) >= 320
    assert not {item["prompt"] for item in FREE_PROMPTS} & {item["prompt"] for item in PROMPTS}
    for item in FREE_PROMPTS:
        assert reader.schema.resolve(item["attributes"]) == item["attributes"]
        for name, values in item.get("may", {}).items():
            assert all(reader.schema.resolve({name: value}) == {name: value} for value in values)
    used = {value for item in FREE_PROMPTS for value in item["attributes"].values()}
    assert used >= {value.name for attribute in reader.schema for value in attribute.values}
    chinese = sum(any(c > "\u3400" for c in item["prompt"]) for item in FREE_PROMPTS)
    assert 0.4 < chinese / len(FREE_PROMPTS) < 0.6


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("blue bag with red handle", {"category": "handbags", "colour": "blue"}),
        ("red belt and black wallet", {"category": "belts", "colour": "red"}),
        ("黑色皮带和红色钱包", {"category": "belts", "colour": "black"}),
        ("not red", {}),
        ("不要红色的", {}),
        ("trainers", {"category": "casual shoes"}),
        ("shades for men", {"category": "sunglasses", "audience": "men"}),
        ("女士手提包", {"category": "handbags", "audience": "women"}),
        ("给爸爸的黑色皮带", {"category": "belts", "colour": "black", "audience": "men"}),
        ("black hole", {}),
    ],
)
def test_what_counts_of_a_prompt(reader: AttributeReader, prompt: str, expected: dict[str, str]) -> None:
    assert said(reader, prompt) == expected


@pytest.mark.parametrize(
    "prompt", ["asdf qwer", "not red", "hello", "مرحبا بالعالم", "Привет", "ℵ𝒳 zzz", "a" * 500]
)
def test_what_means_nothing_is_unspecified(reader: AttributeReader, prompt: str) -> None:
    assert said(reader, prompt) == {}


def test_trademarks_are_ignored(reader: AttributeReader) -> None:
    assert said(reader, "nike") == {}
    assert reader.trademarks("Nike shoes")
    assert not reader.trademarks("red shoes")
    assert said(reader, "adidas red belt") == said(reader, "red belt")


@pytest.mark.parametrize(
    "prompt", ["", "   ", "\u200b\u202e", "\x00\x07", "!!! ???", "👟👟", "12345", "x" * 501, "红" * 10_000]
)
def test_prompts_that_cannot_be_read_are_refused_in_one_sentence(prompt: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_prompt(prompt, 500)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@given(st.text(max_size=80))
def test_checked_prompts_are_stable_and_visible(prompt: str) -> None:
    try:
        text = check_prompt(prompt, 60)
    except InvalidRequest:
        return
    assert check_prompt(text, 60) == text
    assert 0 < len(text) <= 60
    assert text.isprintable()


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=300))
def test_any_text_is_read_or_refused(reader: AttributeReader, prompt: str) -> None:
    try:
        readings = reader.read(prompt)
    except InvalidRequest:
        return
    reader.schema.resolve({name: reading.value for name, reading in readings.items()})


def test_vectors_have_length_one_and_values_stay_apart(reader: AttributeReader) -> None:
    for attribute in reader.schema:
        names = [value.name for value in attribute.values]
        vectors = reader.embed(names)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        cosines = vectors @ vectors.T - np.eye(len(names))
        assert cosines.max() < 0.8, attribute.name
    navy, blue, orange = reader.embed(["navy blue", "blue", "orange"])
    assert navy @ blue > navy @ orange + 0.2
    assert np.array_equal(reader.embed(["blue"])[0], blue)
    assert reader.embed([]).shape == (0, 256)


def test_words_that_a_product_set_brings_are_found(reader: AttributeReader) -> None:
    schema = default_schema().extended({"category": ["umbrellas"], "sleeve": ["long sleeve", "sleeveless"]})
    found = reader.read("a red sleeveless dress and an umbrella", schema)
    assert found["sleeve"].value == "sleeveless"
    assert found["colour"].value == "red"
    assert reader.read("red umbrella", schema)["category"].value == "umbrellas"
    assert reader.read("red belt", schema)["category"].value == "belts"
    assert tuple(found) == schema.names


def test_values_that_the_schema_lacks_are_not_read(reader: AttributeReader) -> None:
    schema = default_schema().restricted({"category": ["belts"], "colour": ["black"]})
    readings = reader.read("red running shoes for men", schema)
    assert all(reading.value is None for reading in readings.values())
    assert reader.read("black belt", schema)["category"].value == "belts"


def test_many_threads_load_once_and_read_the_same() -> None:
    shared = AttributeReader(Settings())
    found: list[dict[str, str]] = []
    threads = [
        threading.Thread(target=lambda: found.append(said(shared, "black leather belt"))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all(one == {"colour": "black", "material": "leather", "category": "belts"} for one in found)
    assert len(shared.encoder_hash) == 16


@pytest.mark.slow
def test_a_prompt_takes_no_time(reader: AttributeReader) -> None:
    torch.set_num_threads(1)
    times = []
    for item in PROMPTS[:40]:
        start = time.perf_counter()
        reader.read(item["prompt"])
        times.append(time.perf_counter() - start)
    assert sorted(times)[len(times) // 2] < 0.015


def test_a_model_from_elsewhere_gets_a_readout_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    tokenizer = train_tokenizer([item["prompt"] for item in PROMPTS] * 2, 600, 32)
    stranger = new_encoder(
        TextConfig(layers=1, width=32, heads=2, max_tokens=32), default_schema(), tokenizer
    )
    stranger.readout = None
    stranger.save(tmp_path / "stranger")
    settings = Settings(home=tmp_path / "home", text_encoder=str(tmp_path / "stranger"))
    first = AttributeReader(settings)
    readings = first.read("red shoes")
    assert tuple(readings) == first.schema.names
    assert len(list((tmp_path / "home" / "readouts").iterdir())) == 1
    monkeypatch.setattr("ecomgen.training.readout.fit_readout", None)  # a second fit would fail
    again = AttributeReader(settings)
    assert again.read("red shoes") == readings
    assert again.encoder_hash == first.encoder_hash != AttributeReader(Settings()).encoder_hash
    assert again.embed(["red"]).shape == (1, TextEncoder.load(Settings().checkpoints / "text").dim)


def test_unusable_encoders_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        AttributeReader(Settings(text_encoder=str(tmp_path / "nowhere"))).read("red shoes")
