"""Training from a configuration file: reads it, finds the trainer that it names, and reports progress."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from ecomgen.errors import ConfigError, DataError
from ecomgen.settings import bundled

Progress = Callable[[str, float], None]
KEPT = "training.toml"


def find_config(path: Path) -> Path:
    """The configuration at `path`, or the one of that name that ships with ecomgen."""
    shipped = bundled("configs") / path.name
    return shipped if not path.exists() and shipped.exists() else path


def train(config: Path, data: Path | None, out: Path | None, resume: bool, progress: Progress) -> Path | None:
    """Train as the TOML file says; the checkpoint's folder, or None when Ctrl-C or SIGTERM stopped it early.

    A stopped run has saved its state and goes on with `resume`. The configuration is kept beside it as training.toml, so
    that the folder says all about the run. Raises ConfigError, DataError, CheckpointError, TrainingError.
    """
    from ecomgen.training import processes
    from ecomgen.training.config import load_config, read_config

    config = find_config(config)
    plain = read_config(config)
    folder = out or Path("checkpoints") / config.stem
    if plain.get("trainer") != "generator" and processes.count() > 1:
        raise ConfigError("Several processes train a generator only; start this training without accelerate.")
    match plain.get("trainer"):
        case "generator":
            from ecomgen.training.generator import GeneratorTraining, train_generator

            settings = load_config(config, GeneratorTraining)
            source = data or _named_set(settings.data.set, config)
            _keep(config, folder)
            with StopOnSignal() as stop:
                done = train_generator(settings, source, folder, resume, stop.is_set, progress)
            return folder if done else None
        case "text":
            from ecomgen.training.text import TextConfig, train_text

            text = load_config(config, TextConfig)
            _keep(config, folder)
            train_text(text, data, folder, resume)
            return folder
        case "pretraining":
            from ecomgen.training.pretrain import Pretraining, pretrain

            pretraining = load_config(config, Pretraining)
            sources = _named_sets(data, pretraining.sets, config)
            _keep(config, folder)
            with StopOnSignal() as stop:
                done = pretrain(pretraining, sources, folder, resume, stop.is_set, progress)
            return folder if done else None
        case "recogniser":
            from ecomgen.training.recognise import RecogniserTraining, train_recogniser

            recogniser = load_config(config, RecogniserTraining)
            sources = _named_sets(data, recogniser.sets, config)
            _keep(config, folder)
            with StopOnSignal() as stop:
                done = train_recogniser(recogniser, sources, folder, resume, stop.is_set, progress)
            return folder if done else None
        case other:
            raise ConfigError(
                f"The trainer {other!r} in {config} is not known; known are: generator, pretraining, recogniser, text."
            )


def _keep(config: Path, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if config.resolve() != (folder / KEPT).resolve():  # a run may be gone on with from what was kept
            shutil.copyfile(config, folder / KEPT)
    except OSError as error:
        raise ConfigError(f"The folder {folder} cannot be written: {error.strerror}.") from error


def _named_sets(data: Path | None, names: Sequence[str], config: Path) -> list[Path]:
    """The set given on the command line, or all that the configuration names."""
    return [data] if data else [_named_set(name, config) for name in names or ("",)]


def _named_set(name: str, config: Path) -> Path:
    path = Path(name)
    if not name or not path.exists():
        raise DataError(
            f"Name a product set with --data; the one in {config.name} ({name or 'none'}) is not here."
        )
    return path


class StopOnSignal:
    """While it is open, Ctrl-C and SIGTERM ask the loop to stop after its step instead of killing it."""

    def __enter__(self) -> threading.Event:
        self._stop = threading.Event()
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self._stop

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
