"""The measured choice: kept, shown, used, and left again when it fails."""

import json
from pathlib import Path

import pytest
import torch
from tiny import tiny_checkpoint

from ecomgen.models.checkpoint import save_checkpoint
from ecomgen.services.attributes import AttributeReader
from ecomgen.services.engine import ONE_BY_ONE, ONNX, TOGETHER, Engine
from ecomgen.services.generation import Generation
from ecomgen.settings import Settings


def choose(home: Path, engine: Engine, way: str) -> None:
    """Write down a choice as an earlier measurement would have."""
    plain = {engine._machine(): {"abc": {"way": way, "milliseconds": {way: 100.0, ONE_BY_ONE: 130.0}}}}
    (home / "engine.json").write_text(json.dumps(plain))


def test_measuring_keeps_a_choice_for_this_machine_and_checkpoint(tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint()
    checkpoint.hash = "abc"
    engine = Engine(tmp_path / "home", 1)
    assert engine.choice("abc") is None
    choice = engine.measure(checkpoint)
    assert {ONE_BY_ONE, TOGETHER} <= set(choice.milliseconds)
    assert all(ms > 0 for ms in choice.milliseconds.values())
    assert Engine(tmp_path / "home", 1).choice("abc") == choice
    assert Engine(tmp_path / "home", 2).choice("abc") is None  # other threads, another machine
    assert engine.choice("other") is None


@pytest.mark.parametrize("way", [ONE_BY_ONE, TOGETHER, ONNX, "a way that is gone"])
def test_every_way_draws_the_same_pictures(tmp_path: Path, way: str) -> None:
    """Also ONNX Runtime, installed or not, and what a later version wrote: then PyTorch draws."""
    checkpoint = tiny_checkpoint()
    checkpoint.hash = "abc"
    engine = Engine(tmp_path, 1)
    choose(tmp_path, engine, way)
    w = torch.randn(4, 12)
    with torch.inference_mode():
        torch.testing.assert_close(
            engine.draw(checkpoint, w), checkpoint.generator.synthesis(w), rtol=1e-4, atol=1e-4
        )


def test_what_fails_while_drawing_is_left_for_pytorch(tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint()
    engine, w = Engine(tmp_path, 1), torch.randn(4, 12)

    def broken(w: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("out of order")

    engine._ready[checkpoint.hash] = broken
    with torch.inference_mode():
        assert torch.equal(engine.draw(checkpoint, w), checkpoint.generator.synthesis(w))


@pytest.mark.parametrize("damaged", ["", "[]", "{", '{"x": 3}', "null"])
def test_a_damaged_file_is_no_choice_and_is_replaced(tmp_path: Path, damaged: str) -> None:
    checkpoint = tiny_checkpoint()
    checkpoint.hash = "abc"
    (tmp_path / "engine.json").write_text(damaged)
    engine = Engine(tmp_path, 1)
    assert engine.choice("abc") is None
    assert engine.measure(checkpoint) == engine.choice("abc")


def test_the_models_say_how_they_are_drawn(tmp_path: Path) -> None:
    settings = Settings(checkpoints=tmp_path / "checkpoints", home=tmp_path / "home", model="tiny")
    save_checkpoint(tmp_path / "checkpoints" / "tiny", tiny_checkpoint())
    generation = Generation(settings, AttributeReader(settings))
    assert generation.models()[0].drawn_by == ""
    generation.measure()
    assert generation.models()[0].drawn_by.endswith("ms for eight")
