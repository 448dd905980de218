"""The training door: finds the trainer that a configuration names, stops on a signal, says what is wrong."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny import tiny_training

from ecomgen.errors import ConfigError, DataError
from ecomgen.models.checkpoint import load_checkpoint
from ecomgen.services.training import find_config, train
from ecomgen.settings import bundled


def silent(what: str, share: float) -> None:
    pass


def test_trains_what_the_file_says(product_folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(tiny_training(images=80, latents=400, log_every=5))
    seen: list[float] = []
    out = train(config, product_folder, tmp_path / "out", False, lambda what, share: seen.append(share))
    assert out == tmp_path / "out"
    assert load_checkpoint(out).training["photos"] > 20
    assert seen[-1] == 1.0


def test_the_shipped_configuration_is_found_by_its_name() -> None:
    assert find_config(Path("nowhere/generator-128.toml")) == bundled("configs") / "generator-128.toml"


def test_an_unknown_trainer_and_a_missing_set_are_sentences(tmp_path: Path) -> None:
    config = tmp_path / "a.toml"
    config.write_text('trainer = "wizard"')
    with pytest.raises(ConfigError, match="known are: generator, pretraining, recogniser, text"):
        train(config, None, None, False, silent)
    config.write_text('trainer = "generator"\n[data]\nset = "nowhere.zip"')
    with pytest.raises(DataError, match="Name a product set with --data"):
        train(config, None, tmp_path / "out", False, silent)
    assert not (tmp_path / "out").exists()


def test_ctrl_c_saves_and_resume_finishes(product_folder: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "long.toml", tmp_path / "out"
    config.write_text(tiny_training(images=1600, latents=160, log_every=5))
    command = [
        sys.executable,
        "-m",
        "ecomgen",
        "train",
        str(config),
        "--data",
        str(product_folder),
        "--out",
        str(out),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not (out / "log.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors  # as a shell reports Ctrl-C
    assert "--resume goes on from here" in printed
    assert list((out / "state" / "autoencoder").glob("step-*"))
    assert not (out / "config.json").exists()
    again = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=300)
    assert again.returncode == 0, again.stderr
    assert load_checkpoint(out).training["autoencoder_images"] == 1600
