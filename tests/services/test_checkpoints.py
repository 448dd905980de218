"""The shelf of checkpoints: what is listed as usable can be used."""

from pathlib import Path

import pytest
from tiny import tiny_checkpoint

from ecomgen.models import checkpoint as checkpoint_module
from ecomgen.models.checkpoint import save_checkpoint, weights_in
from ecomgen.services.checkpoints import Checkpoints
from ecomgen.settings import Settings


def test_a_checkpoint_in_shards_is_usable_and_one_without_weights_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_module, "_SHARD_BYTES", 4_000)
    for name in ("sharded", "empty"):
        save_checkpoint(tmp_path / name, tiny_checkpoint())
        assert len(weights_in(tmp_path / name)) > 1
    for path in weights_in(tmp_path / "empty"):
        path.unlink()
    shelf = Checkpoints(Settings(checkpoints=tmp_path, home=tmp_path / "home", model="sharded"))
    assert {m.name: m.problem for m in shelf.summaries()} == {
        "sharded": None,
        "empty": "Its weights are missing.",
    }
    assert shelf.load(None).name == "sharded"
