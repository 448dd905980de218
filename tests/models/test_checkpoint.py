"""Checkpoints: what is saved is loaded, and what is damaged is refused in one sentence."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import tiny_checkpoint

from ecomgen.errors import CheckpointError
from ecomgen.models import checkpoint as checkpoint_module
from ecomgen.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, weights_in


@torch.inference_mode()
def draw(checkpoint: Checkpoint, z: torch.Tensor, asked: dict[str, str | None]) -> torch.Tensor:
    return checkpoint.generator(z, checkpoint.generator.schedule(*checkpoint.vocabulary.lookup([asked])))


def test_saved_and_loaded_draw_the_same(tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint()
    digest = save_checkpoint(tmp_path / "a", checkpoint)
    loaded = load_checkpoint(tmp_path / "a")
    assert loaded.hash == digest
    assert loaded.schema == checkpoint.schema
    assert loaded.counts == checkpoint.counts
    z, asked = torch.randn(1, 12), {"category": "belts"}
    torch.testing.assert_close(
        draw(loaded, z, asked), draw(checkpoint, z, asked), rtol=2e-2, atol=2e-2
    )  # fp16


def test_saving_again_replaces_the_weights_and_keeps_the_card(tmp_path: Path) -> None:
    first = save_checkpoint(tmp_path / "a", tiny_checkpoint(seed=0))
    (tmp_path / "a" / "README.md").write_text("card")
    second = save_checkpoint(tmp_path / "a", tiny_checkpoint(seed=1))
    assert first != second == load_checkpoint(tmp_path / "a").hash
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_large_weights_are_kept_in_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = save_checkpoint(tmp_path / "a", tiny_checkpoint())
    monkeypatch.setattr(checkpoint_module, "_SHARD_BYTES", 4_000)
    sharded = save_checkpoint(tmp_path / "a", tiny_checkpoint(seed=1))
    shards = weights_in(tmp_path / "a")
    assert len(shards) > 2
    assert not (tmp_path / "a" / "model.safetensors").exists()
    assert load_checkpoint(tmp_path / "a").hash == sharded != whole
    shards[1].unlink()
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(tmp_path / "a")


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no checkpoint “b”"):
        load_checkpoint(tmp_path / "b")


def test_a_schema_that_cannot_be_is_a_damaged_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "tiny", tiny_checkpoint())
    config = tmp_path / "tiny" / "config.json"
    config.write_text(config.read_text().replace('"values"', '"va6ues"', 1))
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(tmp_path / "tiny")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
@given(place=st.floats(0, 0.999), change=st.sampled_from(["flip", "cut", "empty"]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_damage_is_refused_and_never_loaded(tmp_path: Path, name: str, place: float, change: str) -> None:
    folder = tmp_path / "a"
    save_checkpoint(folder, tiny_checkpoint())
    content = bytearray((folder / name).read_bytes())
    at = int(place * len(content))
    if change == "flip":
        content[at] ^= 0x5A
    (folder / name).write_bytes(content if change == "flip" else content[:at] if change == "cut" else b"")
    try:
        loaded = load_checkpoint(folder)
    except CheckpointError as error:
        assert str(error).endswith(".")
        assert "\n" not in str(error)
    else:  # a flipped letter in a synonym or a title harms nothing
        assert name == "config.json"
        assert draw(loaded, torch.randn(1, 12), {}).shape == (1, 3, 16, 16)


def test_a_config_of_another_architecture_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a", tiny_checkpoint())
    config = tmp_path / "a" / "config.json"
    plain = json.loads(config.read_text())
    config.write_text(json.dumps(plain | {"architecture": "os.system"}))
    with pytest.raises(CheckpointError, match="damaged or not of this version"):
        load_checkpoint(tmp_path / "a")
