"""Checkpoints of one's own, on tiny networks."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from tiny import tiny_adapter, tiny_checkpoint

from ecomgen.errors import CheckpointError, EcomgenError, InvalidRequest, PolicyRefusal
from ecomgen.models.checkpoint import load_checkpoint, save_checkpoint
from ecomgen.services.checkpoints import Checkpoints
from ecomgen.services.own_checkpoints import OwnCheckpoints
from ecomgen.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    save_checkpoint_in(tmp_path / "bundled" / "default")
    return Settings(home=tmp_path / "home", checkpoints=tmp_path / "bundled")


@pytest.fixture
def own(settings: Settings) -> OwnCheckpoints:
    return OwnCheckpoints(settings)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A run's folder: a checkpoint beside what only the run needed."""
    folder = tmp_path / "run" / "new"
    save_checkpoint_in(folder, seed=1)
    (folder / "README.md").write_text("# New\n")
    (folder / "log.jsonl").write_text("{}\n")
    (folder / "state").mkdir()
    return folder


def save_checkpoint_in(folder: Path, seed: int = 0) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(folder, tiny_checkpoint(folder.name, seed))


def listed(settings: Settings) -> dict[str, str | None]:
    return {summary.name: summary.problem for summary in Checkpoints(settings).summaries()}


def test_a_published_checkpoint_can_be_used_under_its_name_and_title(own, settings, made):
    own.publish(made, "teapots", "Our teapots")
    assert own.names() == ["teapots"]
    assert listed(settings) == {"default": None, "teapots": None}
    loaded = Checkpoints(settings).load("teapots")
    assert (loaded.title, loaded.hash) == ("Our teapots", load_checkpoint(made).hash)
    folder = settings.own_checkpoints / "teapots"
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors", "README.md"}


def test_names_that_are_taken_or_none_are_refused(own, settings, made):
    own.publish(made, "teapots")
    for name in ("default", "teapots", "", "..", "a/b", ".hidden", "x" * 49, "né", None, 3):
        with pytest.raises(InvalidRequest):
            own.publish(made, name)
        with pytest.raises(InvalidRequest):
            own.rename("teapots", name)
    for name in ("default", "none", "", "../bundled/default", None):
        with pytest.raises(InvalidRequest):
            own.delete(name)
    assert listed(settings) == {"default": None, "teapots": None}


def test_what_the_policy_does_not_allow_is_no_name_either(own, settings, made):
    for name, title in (("heroin", ""), ("h-e-r-o-i-n", ""), ("teapots", "海洛因")):
        with pytest.raises(PolicyRefusal):
            own.publish(made, name, title)
    assert own.names() == []


def test_rename_and_delete(own, settings, made):
    own.publish(made, "teapots")
    own.rename("teapots", "pots")
    assert own.card("pots") == "# New\n"
    (settings.own_checkpoints / "pots" / "README.md").write_bytes(b"\xff" * 100_000)
    assert len(own.card("pots")) == 20_000  # whatever a zip of a stranger brought
    (settings.own_checkpoints / "pots" / "README.md").unlink()
    assert own.card("pots") == ""
    with pytest.raises(InvalidRequest):
        own.card("../pots")
    assert listed(settings) == {"default": None, "pots": None}
    own.delete("pots")
    assert own.names() == []
    assert list(settings.own_checkpoints.iterdir()) == []


def test_a_packed_checkpoint_comes_back_the_same(own, settings, made, tmp_path):
    own.publish(made, "teapots")
    own.pack("teapots", tmp_path / "teapots.zip")
    own.bring_in(tmp_path / "teapots.zip", "again")
    hashes = {name: Checkpoints(settings).load(name).hash for name in own.names()}
    assert len(hashes) == 2
    assert len(set(hashes.values())) == 1


def test_nothing_unfinished_is_published(own, made):
    (made / "config.json").unlink()
    with pytest.raises(InvalidRequest, match="no finished checkpoint"):
        own.publish(made, "teapots")
    assert own.names() == []


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as written:
        for name, content in files.items():
            written.writestr(name, content)
    return path


def test_zips_that_hold_no_checkpoint_are_one_sentence_and_leave_nothing(own, settings, made, tmp_path):
    good = {path.name: path.read_bytes() for path in made.iterdir() if path.is_file()}
    weights = good["model.safetensors"]
    broken = weights[:-1] + bytes([weights[-1] ^ 1])
    hostile = [
        {"readme.txt": b"hello"},
        {"config.json": good["config.json"]},
        {"model.safetensors": weights},
        {**good, "config.json": b"{"},
        {**good, "config.json": b'{"format": 1, "architecture": "os.system"}'},
        {**good, "model.safetensors": broken},
        {**good, "model.safetensors": weights[:-100]},
    ]
    for files in hostile:
        with pytest.raises(EcomgenError) as told:
            own.bring_in(archive(tmp_path / "some.zip", files), "bad")
        assert str(told.value).endswith(".")
    (tmp_path / "no.zip").write_bytes(b"PK not a zip")
    with pytest.raises(InvalidRequest, match="not a zip"):
        own.bring_in(tmp_path / "no.zip", "bad")
    assert own.names() == []
    own.bring_in(archive(tmp_path / "some.zip", {**good, "run.py": b"1", "a/run.py": b"1"}), "fine")
    assert {path.name for path in settings.own_checkpoints.iterdir()} == {"fine"}
    assert not list(settings.home.rglob("*.py"))


def test_a_full_disk_is_one_sentence(own, settings, made, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(EcomgenError, match="No space left"):
        own.publish(made, "teapots")
    assert list(settings.own_checkpoints.iterdir()) == []


@pytest.fixture
def over(own: OwnCheckpoints, settings: Settings, made: Path, tmp_path: Path) -> Path:
    """The folder that a run left with an adapter over one's own checkpoint “teapots”."""
    own.publish(made, "teapots")
    tiny_adapter(tmp_path / "run" / "over", load_checkpoint(settings.own_checkpoints / "teapots"))
    return tmp_path / "run" / "over"


def test_an_adapter_is_published_packed_renamed_and_deleted_like_any_other(own, settings, over, tmp_path):
    own.publish(over, "lids", "Lids")
    own.pack("lids", tmp_path / "lids.zip")
    assert (tmp_path / "lids.zip").stat().st_size < 200_000
    own.bring_in(tmp_path / "lids.zip", "again")
    own.rename("teapots", "pots")  # the base is known by its weights
    assert listed(settings) == {"default": None, "pots": None, "lids": None, "again": None}
    checkpoints = Checkpoints(settings)
    assert checkpoints.load("lids").hash == checkpoints.load("again").hash
    assert checkpoints.load("lids").title == "Lids"
    with pytest.raises(InvalidRequest, match="“again” goes over this checkpoint"):
        own.delete("pots")
    own.delete("again")
    own.delete("lids")
    own.delete("pots")
    assert own.names() == []


def test_an_adapter_without_its_base_is_told_and_not_brought_in(own, settings, over, tmp_path):
    own.publish(over, "lids")
    own.pack("lids", tmp_path / "lids.zip")
    shutil.rmtree(settings.own_checkpoints / "teapots")
    assert "“teapots”, which is not here" in str(listed(settings)["lids"])
    with pytest.raises(CheckpointError, match="not here"):
        Checkpoints(settings).load("lids")
    with pytest.raises(InvalidRequest, match="Please bring in that one first"):
        own.bring_in(tmp_path / "lids.zip", "again")
    assert own.names() == ["lids"]


def test_adapters_that_were_tampered_with_are_refused(own, settings, over, tmp_path):
    good = {path.name: path.read_bytes() for path in over.iterdir()}
    tensors = good["adapter.safetensors"]
    plain = json.loads(good["config.json"])
    whole = {key: value for key, value in plain.items() if key != "adapter"}
    for files in (
        {"config.json": good["config.json"]},
        {**good, "adapter.safetensors": tensors[:-100]},
        {**good, "adapter.safetensors": tensors[:-1] + bytes([tensors[-1] ^ 1])},
        {**good, "config.json": json.dumps({**plain, "adapter": "teapots"}).encode()},
        {**good, "config.json": json.dumps(whole).encode()},
    ):
        with pytest.raises(InvalidRequest) as told:
            own.bring_in(archive(tmp_path / "some.zip", files), "bad")
        assert str(told.value).endswith(".")
    assert own.names() == ["teapots"]
