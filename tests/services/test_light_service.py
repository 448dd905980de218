"""The door to the light export: what it refuses. What it makes is in tests/training/test_light.py."""

from pathlib import Path

import pytest
from tiny import tiny_checkpoint

from ecomgen.errors import CheckpointError, InvalidRequest
from ecomgen.models.checkpoint import load_checkpoint, save_checkpoint
from ecomgen.services.light import lighten
from ecomgen.settings import Settings


def silent(what: str, share: float) -> None:
    pass


def test_makes_a_checkpoint_and_refuses_what_it_cannot(tmp_path: Path) -> None:
    settings = Settings(checkpoints=tmp_path, model="tiny")
    save_checkpoint(tmp_path / "tiny", tiny_checkpoint())
    for minutes in (0, -1, float("nan"), 1e9):
        with pytest.raises(InvalidRequest, match="minutes"):
            lighten(settings, None, tmp_path / "light", minutes, False, silent)
    with pytest.raises(InvalidRequest, match="a folder of its own"):
        lighten(settings, None, tmp_path / "tiny", 1, False, silent)
    with pytest.raises(CheckpointError, match="there are: tiny"):
        lighten(settings, "nosuch", tmp_path / "light", 1, False, silent)
    assert not (tmp_path / "light").exists()
    assert lighten(settings, None, tmp_path / "light", 0.001, False, silent)
    assert load_checkpoint(tmp_path / "light").training["light_of"] == "tiny"
