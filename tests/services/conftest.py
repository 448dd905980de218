"""The generator's service on tiny checkpoints with random weights and the bundled text encoder."""

import shutil

import pytest
from tiny import tiny_checkpoint

from ecomgen.models.checkpoint import save_checkpoint
from ecomgen.services.attributes import AttributeReader
from ecomgen.services.generation import Generation
from ecomgen.settings import Settings, bundled


@pytest.fixture(scope="module")
def tiny_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two checkpoints, `tiny` (the default) and `other`."""
    folder = tmp_path_factory.mktemp("checkpoints")
    shutil.copytree(bundled("checkpoints") / "text", folder / "text")
    save_checkpoint(folder / "tiny", tiny_checkpoint())
    save_checkpoint(folder / "other", tiny_checkpoint(seed=1))
    return Settings(checkpoints=folder, home=tmp_path_factory.mktemp("home"), model="tiny")


@pytest.fixture(scope="module")
def generation(tiny_settings: Settings) -> Generation:
    """The service with `tiny_settings`."""
    return Generation(tiny_settings, AttributeReader(tiny_settings))
