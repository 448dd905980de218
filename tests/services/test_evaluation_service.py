"""The door to the bench, on a tiny checkpoint and synthetic photos."""

import dataclasses
from pathlib import Path

import pytest
from drawing import write_product_set

from ecomgen.errors import CheckpointError, DataError, EcomgenError, InvalidRequest
from ecomgen.services.evaluation import EvaluationRequest, evaluate
from ecomgen.settings import Settings


def silent(what: str, share: float) -> None:
    pass


@pytest.fixture
def bench(bench_folder: Path) -> tuple[Settings, EvaluationRequest]:
    request = EvaluationRequest(bench_folder / "set.zip", pictures=50, seed=1)
    return Settings(checkpoints=bench_folder, model="tiny"), request


def test_a_checkpoint_is_measured(bench: tuple[Settings, EvaluationRequest]) -> None:
    settings, request = bench
    told: list[float] = []
    result = evaluate(request, settings, lambda what, share: told.append(share))
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert result["model"] == "tiny"
    assert (result["judge"], result["set"]) == ("judge", "set.zip")
    assert result["sizes"]["training_photos"] + result["sizes"]["held_out_photos"] == 375  # not the caps
    assert result["legend"].keys() == result["scores"].keys()
    assert {"accuracy_category", "accuracy_colour"} <= result["scores"].keys()
    assert result["speed"]["images_per_second"] > 0
    assert result["speed"]["memory_mb"] is None or result["speed"]["memory_mb"] > 50
    assert any("held out 3 % by the same rule" in note for note in result["notes"])
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
