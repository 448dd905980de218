"""How long a fine-tuning will take on this machine, and how it will treat so many photos: told before it is started."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from ecomgen.errors import EcomgenError
from ecomgen.services.evaluation import find_checkpoint
from ecomgen.services.finetuning import FinetuneRequest
from ecomgen.services.job_folder import read_json, write_json
from ecomgen.settings import Settings

_LONGEST = 300.0  # seconds that measuring may take
_START = 10.0  # seconds until a fresh process has read what it needs
_AT_THE_END = 1_400  # pictures that are drawn to see what it brought, and what was forgotten


@dataclass(frozen=True)
class Estimate:
    """`seconds` from start to end, of which it learns for `learning`: fewer than were asked for where there are so few photos
    that it would learn them by heart. `light`: by how much (0 to 1) the light on the photos is varied. `held_out`: about how
    many photos are kept aside to measure with.
    """

    seconds: float
    learning: float
    light: float
    held_out: int


class Estimating:
    """Measures the machine once for each checkpoint that is begun with, and remembers it in the home folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._path = settings, settings.home / "rates.json"
        self._lock = threading.Lock()
        self._measuring: threading.Thread | None = None
        self._failed: set[str] = set()

    def estimate(self, request: FinetuneRequest, photos: int) -> Estimate | None:
        """What the request would take with so many photos; None while the machine is being measured: ask again.

        Raises DataError, CheckpointError, EcomgenError.
        """
        from ecomgen.models.checkpoint import load_checkpoint
        from ecomgen.training.finetune import Rates, expected, plan

        folder = find_checkpoint(self._settings, request.base)
        base = load_checkpoint(folder)
        rates = self._rates(folder, base.hash)
        if rates is None:
            return None
        drawing = rates.pop("drawing")
        whole = plan(folder, base, photos, request.method, request.minutes, Rates(**rates), "")
        phases, looked_at = expected(whole, Rates(**rates), photos)
        learning, held_out = sum(phases.values()), round(photos * whole.data.held_out)
        seconds = _START + learning + (_AT_THE_END + looked_at) * drawing
        return Estimate(seconds, learning, whole.adversarial.light, held_out)

    def _rates(self, folder: Path, hash: str) -> dict[str, float] | None:
        with self._lock:
            known = read_json(self._path)
            if hash in known:
                return dict(known[hash])
            if hash in self._failed:
                self._failed.discard(hash)  # tried again when it is asked for again
                raise EcomgenError("How fast this machine is could not be measured.")
            if (
                self._measuring is None or not self._measuring.is_alive()
            ):  # one at a time, and nobody waits for it
                self._measuring = threading.Thread(target=self._measure, args=(folder, hash), daemon=True)
                self._measuring.start()
            return None

    def _measure(self, folder: Path, hash: str) -> None:
        try:
            rates = _measured(folder)
            with self._lock:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_json(self._path, {**read_json(self._path), hash: rates})
        except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
            logging.getLogger(__name__).warning("The machine was not measured: %s", error)
            with self._lock:
                self._failed.add(hash)


def _measured(folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "ecomgen.training.rates", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST)
    return dict(json.loads(done.stdout.splitlines()[-1]))
