"""The shelf of checkpoints: what is listed as usable can be used."""

from pathlib import Path

import pytest
from tiny import tiny_adapter, tiny_checkpoint

from ecomgen.models import checkpoint as checkpoint_module
from ecomgen.models.checkpoint import load_checkpoint, save_checkpoint, weights_in
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


def test_one_adapter_after_another_goes_over_the_base_in_memory(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "base", tiny_checkpoint("base"))
    for seed, name in enumerate(("cups", "lids", "pots")):
        tiny_adapter(tmp_path / name, load_checkpoint(tmp_path / "base"), seed)
    shelf = Checkpoints(Settings(checkpoints=tmp_path, home=tmp_path / "home", model="base"))
    assert {m.name: (m.problem, m.categories) for m in shelf.summaries()}["pots"] == (None, ("teapots",))
    first = shelf.load("cups")
    for path in weights_in(tmp_path / "base"):
        path.unlink()  # read again, it would be missed
    hashes = {shelf.load(name).hash for name in ("lids", "cups", "pots", "lids")}
    assert len(hashes) == 3
    assert first.hash in hashes
