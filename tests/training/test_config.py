"""Configurations: the shipped ones load, and a mistake is named."""

from pathlib import Path

import pytest

from ecomgen.errors import ConfigError
from ecomgen.settings import bundled
from ecomgen.training.config import build, load_config
from ecomgen.training.generator import GeneratorTraining


def test_the_shipped_generator_configuration_loads() -> None:
    config = load_config(bundled("configs") / "generator-128.toml", GeneratorTraining)
    assert (config.generator.size, config.encoder.size) == (128, 64)
    assert "watches" in config.data.categories


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 3", "Unknown key 'colour'.*known are: data, generator"),
        ("[generator]\nchannel = [4]", r"Unknown key 'channel' in \[generator\]"),
        ("[autoencoder]\nimages = 'many'", "images in .* has to be a int"),
        ("[autoencoder]\nimages = true", "images in .* has to be a int"),
        ("data = 3", "data in .* has to be a table"),
        ("][", "not readable TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(path, GeneratorTraining)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no configuration file"):
        load_config(tmp_path / "none.toml", GeneratorTraining)


def test_whole_numbers_do_for_floats() -> None:
    assert build(GeneratorTraining, {"data": {"held_out": 0}}).data.held_out == 0.0
