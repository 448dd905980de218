"""Fixtures that several test modules share."""

import signal
from pathlib import Path

import pytest
from drawing import write_product_set
from seeing import teach_recogniser


@pytest.fixture(scope="session")
def product_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 synthetic products in a folder with metadata.csv: three categories, three colours."""
    return write_product_set(tmp_path_factory.mktemp("products") / "set", 36)


@pytest.fixture(scope="session")
def product_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The products of `product_folder` in a zip."""
    return write_product_set(tmp_path_factory.mktemp("products") / "set.zip", 36)


@pytest.fixture(scope="session")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints that holds a recogniser of drawings and nothing else."""
    folder = tmp_path_factory.mktemp("seeing")
    teach_recogniser(folder / "vision")
    return folder


# A shell's background jobs ignore Ctrl-C, and so would the programs that tests start to interrupt them.
signal.signal(signal.SIGINT, signal.default_int_handler)
