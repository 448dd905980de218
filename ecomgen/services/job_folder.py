"""What is in a job's folder: its arguments, how far it is, how each of its runs began and ended, and its log."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ecomgen.services.time_left import TimeLeft

COMMAND = "job.json"
PROGRESS = "progress.json"
LOG = "log.txt"
RUN_BEGINS = "--- started again ---"
HEARTBEAT = "heartbeat"
REACHED = "reached.json"

_TAIL_BYTES = 256 * 1024


@dataclass(frozen=True)
class JobProgress:
    """What is being done, how much of it (0 to 1), how long it will take yet, and when that was told (None: not yet)."""

    what: str = ""
    share: float = 0.0
    seconds_left: float | None = None
    at: datetime | None = None


def write_json(path: Path, value: Any, lasting: bool = True) -> None:
    """Write a file whole or not at all; `lasting`: it survives a power cut. Raises OSError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            json.dump(value, file)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    if lasting:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read_json(path: Path) -> dict[str, Any]:
    """What a file says; empty when it is not there or not whole."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def begin(folder: Path, run: int) -> bool:
    """Take the right to do a job's `run`-th run: exactly one caller ever gets it."""
    try:
        os.close(os.open(folder / f"run-{run}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    except FileExistsError:
        return False
    return True


def outcome_file(folder: Path, run: int) -> Path:
    """Where a run says how it ended."""
    return folder / f"exit-{run}.json"


@dataclass(frozen=True)
class Beat:
    """Seconds since a run last gave a sign of life, and the process table that it is in."""

    age: float
    place: str


def last_beat(folder: Path, run: int) -> Beat | None:
    """The newest sign of life of a job's `run`-th run."""
    try:
        whose, place = (folder / HEARTBEAT).read_text().split(" ", 1)
        age = time.time() - (folder / HEARTBEAT).stat().st_mtime
    except (OSError, ValueError):
        return None
    return Beat(age, place) if whose == str(run) else None


class FileProgress:
    """Writes progress.json at most twice a second (and at each end), with an estimate of the seconds that are left."""

    _EVERY = 0.5

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._time_left, self._told = TimeLeft(), -math.inf

    def __call__(self, what: str, share: float) -> None:
        now = self._clock()
        left = self._time_left(what, share, now)
        if share < 1 and now - self._told < self._EVERY:
            return
        self._told = now
        told = {"what": what, "share": share, "seconds_left": left, "at": time.time()}
        with suppress(OSError):  # a full disk must not end what could still be finished
            write_json(self._path, told, lasting=False)


def read_progress(folder: Path) -> JobProgress:
    """How far a job is, as it last told; whatever stands in the file."""
    told = read_json(folder / PROGRESS)
    share, left, at = (_number(told.get(key)) for key in ("share", "seconds_left", "at"))
    with suppress(OverflowError, OSError, ValueError):
        when = None if at is None else datetime.fromtimestamp(at, UTC)
        if left is not None and at is not None:
            left = max(left - max(time.time() - at, 0.0), 0.0)
        return JobProgress(str(told.get("what", ""))[:200], min(max(share or 0.0, 0.0), 1.0), left, when)
    return JobProgress()


def got_on(folder: Path) -> bool:
    """Whether a job is further than when this was asked last; for each thing that it does, by the largest share."""
    now, reached = read_progress(folder), read_json(folder / REACHED)
    further = now.share > (_number(reached.get(now.what)) or 0.0)
    if further:
        with suppress(OSError):
            write_json(folder / REACHED, {**reached, now.what: now.share})
    return further


def log_tail(folder: Path, lines: int) -> list[str]:
    """The last lines of the log."""
    try:
        with (folder / LOG).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL_BYTES, 0))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return [line.rsplit("\r", 1)[-1] for line in text.rstrip().split("\n")][-lines:] if text.strip() else []


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None
