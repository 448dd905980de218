"""Fine-tuning as a service: what is asked is checked first, and a whole run leaves a checkpoint that says what it is."""

import json
from pathlib import Path

import pytest
from drawing import write_product_set
from safetensors.torch import load_file
from tiny import tiny_adapter, tiny_checkpoint

from ecomgen.errors import CheckpointError, DataError, InvalidRequest
from ecomgen.models.checkpoint import load_checkpoint, save_checkpoint
from ecomgen.services.finetuning import GAIN, FinetuneRequest, finetune
from ecomgen.services.side_by_side import side_by_side
from ecomgen.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    save_checkpoint(tmp_path / "base", tiny_checkpoint("base"))
    return Settings(home=tmp_path / "home", threads=1)


def asked(tmp_path: Path, **changes: object) -> FinetuneRequest:
    plain = {"data": tmp_path / "set.zip", "out": "mine", "base": str(tmp_path / "base"), "minutes": 0.02}
    return FinetuneRequest(**{**plain, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "magic"},
        {"minutes": 0},
        {"minutes": float("nan")},
        {"minutes": 10_000},
        {"out": ""},
        {"out": ".."},
        {"out": "default"},
        {"out": "x" * 49},
        {"out": "名"},
        {"title": "x" * 81},
        {"title": "two\nlines"},
        {"data": None},
    ],
    ids=repr,
)
def test_what_cannot_be_done_is_one_sentence_before_anything_is_written(settings, tmp_path, changes):
    with pytest.raises(InvalidRequest) as refused:
        finetune(asked(tmp_path, **changes), settings, lambda what, share: None)
    assert str(refused.value).endswith(".")
    assert not settings.home.exists()


def test_a_base_or_a_set_that_is_not_there_is_one_sentence(settings, tmp_path):
    with pytest.raises(CheckpointError, match="nothing-here"):
        finetune(asked(tmp_path, base="nothing-here"), settings, lambda what, share: None)
    with pytest.raises(DataError, match="no product set"):
        finetune(asked(tmp_path), settings, lambda what, share: None)


def test_an_adapter_goes_over_no_other_adapter(settings, tmp_path):
    tiny_adapter(tmp_path / "over", load_checkpoint(tmp_path / "base"))
    with pytest.raises(InvalidRequest, match="whole checkpoint"):
        finetune(
            asked(tmp_path, base=str(tmp_path / "over"), method="adapter"), settings, lambda what, share: None
        )


def test_the_command_line_is_what_runs(tmp_path):
    request = asked(tmp_path, out="mine", method="freeze", minutes=2.5, title="It's new; rm -rf /")
    assert request.command_line().startswith("ecomgen finetune --data ")
    assert "--method freeze --minutes 2.5" in request.command_line()
    assert "'It'\"'\"'s new; rm -rf /'" in request.command_line()


@pytest.mark.slow
def test_a_whole_run_leaves_an_adapter_of_under_a_megabyte(settings, tmp_path):
    write_product_set(tmp_path / "set.zip", 60, categories=("caps", "watches"), size=(140, 140))
    request = asked(tmp_path, base="default", minutes=0.05, method="adapter")
    folder = finetune(request, settings, lambda what, share: None)
    assert (folder / "adapter.safetensors").stat().st_size < 1_000_000
    base = load_checkpoint(settings.checkpoints / "default")
    held = sum(tensor.numel() for tensor in load_file(folder / "adapter.safetensors").values())
    assert held < 0.03 * sum(parameter.numel() for parameter in base.generator.parameters())
    assert "It is an adapter of" in (folder / "README.md").read_text()
    gain = json.loads((folder / GAIN).read_text())
    assert gain["base_hash"] == base.hash != gain["tuned_hash"] == load_checkpoint(folder).hash
    sides = side_by_side(settings, "default", folder, seeds=1)
    assert {side.words["category"] for side in sides} == {"caps", "watches"}


@pytest.mark.slow
def test_a_whole_run_leaves_a_checkpoint_with_its_card(settings, tmp_path):
    write_product_set(tmp_path / "set.zip", 60, categories=("caps", "watches"), size=(140, 140))
    said: list[str] = []
    folder = finetune(
        asked(tmp_path, base="default", minutes=0.05, title="Mine"),
        settings,
        lambda what, share: said.append(what),
    )
    assert folder == settings.own_checkpoints / "mine"
    gain = json.loads((folder / GAIN).read_text())
    assert gain["tuned_hash"] == load_checkpoint(folder).hash != gain["base_hash"]
    card = (folder / "README.md").read_text()
    assert "- category: " in card
    assert {"caps", "watches"} <= set(card.replace(",", " ").split())
    assert "ecomgen finetune" in card
    assert not (folder / "state").exists()
    assert (
        finetune(asked(tmp_path, base="default", resume=True), settings, lambda what, share: None) == folder
    )
    sides = side_by_side(settings, "default", folder, seeds=2)
    assert {side.words["category"] for side in sides} == {"caps", "watches"}
    assert all(image.size == (128, 128) for side in sides for image in (*side.base, *side.tuned))
    assert len(sides[0].base) == len(sides[0].tuned) == 2
