"""Training state on disk: complete or absent, never half. Two are kept, and the newest that validates is resumed from."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import torch

_KEPT = 2


def save_state(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write `state` (tensors, numbers, containers of them) as folder/step-N and drop all but the newest two.

    A temporary folder, fsync, the checksum last, then a rename: a kill at any moment leaves the older ones whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"step-{step:09d}"
    temporary = folder / f".{final.name}.{os.getpid()}"
    for left in folder.glob(".step-*"):  # by a kill during an earlier save; only one run writes here
        shutil.rmtree(left, ignore_errors=True)
    temporary.mkdir()
    with (temporary / "state.pt").open("wb") as file:
        torch.save(state, file)
        _flush(file.fileno(), file)
    with (temporary / "manifest.json").open("w") as text:
        json.dump({"step": step, "sha256": _digest(temporary / "state.pt")}, text)
        _flush(text.fileno(), text)
    shutil.rmtree(final, ignore_errors=True)
    os.replace(temporary, final)
    _sync_folder(folder)
    for old in _states(folder)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def load_newest(folder: Path) -> dict[str, Any] | None:
    """The newest state whose checksum holds, or None; one sentence on standard error names each that is passed over.

    Tensors only: no pickled code is ever run.
    """
    for path in reversed(_states(folder)):
        try:
            manifest = json.loads((path / "manifest.json").read_text())
            if manifest["sha256"] == _digest(path / "state.pt"):
                return torch.load(path / "state.pt", map_location="cpu", weights_only=True)
        except (OSError, ValueError, KeyError, RuntimeError):
            pass
        logging.getLogger(__name__).warning(
            "The saved state %s is damaged; the one before it is used.", path.name
        )
    return None


def _states(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*")) if folder.is_dir() else []


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(descriptor: int, file: Any) -> None:
    file.flush()
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
