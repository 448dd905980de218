"""The share of a whole fine-tuning: it never falls, and every second that was expected counts the same."""

import json
from pathlib import Path

import pytest
from tiny import tiny_checkpoint

from ecomgen.training.pace import Pace, keep_pace


def test_the_share_is_of_the_seconds_of_all_parts(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    pace = Pace(lambda what, share: told.append((what, share)), tmp_path / "pace.json")
    pace("Reading the photos", 0.0)
    pace("Learning to draw products", 0.0)
    seconds = {
        "autoencoder": 40.0,
        "mapping": 10.0,
        "preparing": 10.0,
        "adversarial": 30.0,
        "measuring": 10.0,
    }
    (tmp_path / "pace.json").write_text(json.dumps(seconds))
    for what, share in [
        ("Learning to draw products", 0.5),
        ("Learning to draw products", 1.0),
        ("Reading the photos", 0.0),
        ("Learning what belongs to which words", 1.0),
        ("Drawing from nothing", 0.5),
        ("Done", 1.0),
        ("Drawing with the base", 0.0),
        ("Drawing with the new checkpoint", 1.0),
    ]:
        pace(what, share)
    assert [share for _, share in told] == pytest.approx([0.0, 0.0, 0.2, 0.4, 0.4, 0.5, 0.75, 0.9, 1.0])
    assert "Done" not in dict(told)


def test_what_is_expected_is_kept(tmp_path: Path) -> None:
    learning = {"mapping": 3.0, "adversarial": 4.0}  # an adapter has no first phase
    keep_pace(tmp_path / "pace.json", learning, 100, tiny_checkpoint())
    kept = json.loads((tmp_path / "pace.json").read_text())
    assert kept["mapping"] == 3.0
    assert kept["adversarial"] > 4.0
    assert 0 < kept["measuring"] < 600
    assert 0 < kept["preparing"] < 600
