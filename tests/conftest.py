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
def bench_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints `tiny` and `judge`, and `set.zip`: 500 products, 375 of them of categories that `tiny` knows."""
    from tiny import tiny_checkpoint, tiny_judge

    from ecomgen.models.checkpoint import save_checkpoint
    from ecomgen.models.recogniser import save_recogniser
    from ecomgen.schema import default_schema

    root = tmp_path_factory.mktemp("bench")
    checkpoint, judge = tiny_checkpoint(), tiny_judge()
    checkpoint.training = {"held_out_share": 0.03, "trim": False}
    save_checkpoint(root / "tiny", checkpoint)
    save_recogniser(root / "judge", judge, default_schema())
    values = judge.config.values
    write_product_set(
        root / "set.zip", 500, categories=values["category"], colours=values["colour"], size=(16, 16)
    )
    return root


@pytest.fixture(scope="session")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints that holds a recogniser of drawings and nothing else."""
    folder = tmp_path_factory.mktemp("seeing")
    teach_recogniser(folder / "vision")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's tests first: they take longest, and a process that begins with them last keeps the other waiting."""
    items.sort(key=lambda item: "/ui/" not in item.nodeid)


# A shell's background jobs ignore Ctrl-C, and so would the programs that tests start to interrupt them.
signal.signal(signal.SIGINT, signal.default_int_handler)
