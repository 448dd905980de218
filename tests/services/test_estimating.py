"""How long a fine-tuning takes, measured on this machine by a process of its own."""

import json
import time
from pathlib import Path

import pytest
from tiny import tiny_checkpoint

from ecomgen.errors import EcomgenError
from ecomgen.models.checkpoint import load_checkpoint, save_checkpoint
from ecomgen.services.estimating import Estimate, Estimating
from ecomgen.services.finetuning import FinetuneRequest
from ecomgen.settings import Settings

RATES = {"autoencoder": 0.01, "mapping": 0.0001, "adversarial": 0.02, "drawing": 0.01}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    save_checkpoint(tmp_path / "base", tiny_checkpoint("base"))
    return Settings(home=tmp_path / "home", threads=1)


def asked(settings: Settings, minutes: float = 10.0) -> FinetuneRequest:
    return FinetuneRequest(None, "mine", str(settings.home.parent / "base"), "full", minutes)


def test_the_time_is_that_of_learning_and_of_looking(settings: Settings) -> None:
    settings.home.mkdir()
    hash = load_checkpoint(settings.home.parent / "base").hash
    (settings.home / "rates.json").write_text(json.dumps({hash: RATES}))
    estimating = Estimating(settings)
    many, few = estimating.estimate(asked(settings), 1_000), estimating.estimate(asked(settings), 60)
    assert isinstance(many, Estimate)
    assert isinstance(few, Estimate)
    assert many.learning == pytest.approx(600, rel=0.01)
    assert many.seconds > many.learning + 14  # 1,400 pictures at the end
    assert few.learning < 400  # so few would be learnt by heart
    assert few.light > many.light
    assert (few.held_out, many.held_out) == (15, 50)
    assert estimating.estimate(asked(settings, 20), 1_000).learning > many.learning


@pytest.mark.slow
def test_a_machine_that_cannot_be_measured_is_said_in_one_sentence(settings: Settings) -> None:
    estimating = Estimating(settings)
    settings.home.write_text("a file where a folder should be")  # so that nothing can be kept

    def ask_until_told() -> None:
        begun = time.monotonic()
        while time.monotonic() - begun < 300:
            assert estimating.estimate(asked(settings), 60) is None  # nobody waits for it
            time.sleep(0.2)

    with pytest.raises(EcomgenError, match="could not be measured"):
        ask_until_told()
