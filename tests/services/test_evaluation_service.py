"""The door to the bench, on a tiny checkpoint and synthetic photos."""

import dataclasses
from pathlib import Path

import pytest
import torch
from drawing import write_product_set
from tiny import tiny_checkpoint

from ecomgen.errors import CheckpointError, DataError, EcomgenError, InvalidRequest
from ecomgen.models.backbone import BackboneConfig
from ecomgen.models.checkpoint import save_checkpoint
from ecomgen.models.recogniser import Recogniser, RecogniserConfig, save_recogniser
from ecomgen.schema import default_schema
from ecomgen.services.evaluation import EvaluationRequest, evaluate
from ecomgen.settings import Settings

CATEGORIES = ("casual shoes", "belts", "watches", "caps")


def silent(what: str, share: float) -> None:
    pass


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, EvaluationRequest]:
    """A folder with a checkpoint and a judge, and a set with more categories than the checkpoint knows."""
    root = tmp_path_factory.mktemp("bench")
    checkpoint = tiny_checkpoint()
    checkpoint.training = {"held_out_share": 0.03, "trim": False}
    save_checkpoint(root / "tiny", checkpoint)
    torch.manual_seed(0)
    values = {"category": CATEGORIES, "colour": ("black", "red", "blue")}
    judge = Recogniser(RecogniserConfig(BackboneConfig(16, (1, 1, 1)), values)).eval()
    save_recogniser(root / "judge", judge, default_schema())
    data = write_product_set(
        root / "set.zip", 500, categories=CATEGORIES, colours=("black", "red", "blue"), size=(16, 16)
    )
    return Settings(checkpoints=root, model="tiny"), EvaluationRequest(data, pictures=50, seed=1)


def test_a_checkpoint_is_measured(bench: tuple[Settings, EvaluationRequest]) -> None:
    settings, request = bench
    told: list[float] = []
    result = evaluate(request, settings, lambda what, share: told.append(share))
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert result["model"] == "tiny"
    assert (result["judge"], result["set"]) == ("judge", "set.zip")
    # 375 of the 500 photos are of categories that the checkpoint knows.
    assert result["sizes"]["training_photos"] + result["sizes"]["held_out_photos"] == 375
    assert result["legend"].keys() == result["scores"].keys()
    assert {"accuracy_category", "accuracy_colour"} <= result["scores"].keys()
    assert result["speed"]["images_per_second"] > 0
    assert result["speed"]["memory_mb"] is None or result["speed"]["memory_mb"] > 50
    assert any("held out 3% by the same rule" in note for note in result["notes"])
    assert all(note.endswith(".") for note in result["notes"])


@pytest.mark.parametrize(
    ("change", "kind", "sentence"),
    [
        ({"model": "absent"}, CheckpointError, "no checkpoint “absent”; there are: judge, tiny"),
        ({"judge": "absent"}, CheckpointError, "no checkpoint “absent”"),
        ({"judge": "tiny"}, CheckpointError, "recogniser in .* is damaged or not of this version"),
        ({"model": "judge"}, CheckpointError, "not a generator checkpoint"),
        ({"pictures": 49}, InvalidRequest, "from 50 to 100000"),
        ({"psi": float("nan")}, InvalidRequest, "from 0 to 1"),
        ({"seed": -1}, InvalidRequest, "whole number"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_cannot_be_measured_is_a_sentence(
    bench: tuple[Settings, EvaluationRequest], change: dict, kind: type[EcomgenError], sentence: str
) -> None:
    settings, request = bench
    with pytest.raises(kind, match=sentence):
        evaluate(dataclasses.replace(request, **change), settings, silent)


def test_a_set_of_other_products_is_a_sentence(
    bench: tuple[Settings, EvaluationRequest], tmp_path: Path
) -> None:
    settings, request = bench
    other = write_product_set(tmp_path / "other.zip", 20, categories=("handbags",))
    with pytest.raises(DataError, match="no photo of the wanted categories"):
        evaluate(dataclasses.replace(request, data=other), settings, silent)
