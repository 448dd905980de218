"""The run log: one JSON object a line, so that a curve is a few lines of any language away; and what came of the run."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any


class RunLog:
    """Appends to a JSONL file; each line is on disk when `write` returns, whatever is killed after."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._end_torn_line()

    def _end_torn_line(self) -> None:
        """A run that was killed in the middle of a line leaves it without its end."""
        if self.path.exists() and (data := self.path.read_bytes()) and not data.endswith(b"\n"):
            with self.path.open("ab") as file:
                file.write(b"\n")

    def write(self, **numbers: float | int | str) -> None:
        """Append one line; the time is added, floats are rounded to six significant digits."""
        rounded = {k: float(f"{v:.6g}") if isinstance(v, float) else v for k, v in numbers.items()}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"time": round(time.time(), 1), **rounded}) + "\n")


def read_log(path: Path) -> list[dict[str, float | int | str]]:
    """All whole lines of a run log; torn ones are passed over."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return lines


def write_metrics(folder: Path, metrics: dict[str, Any]) -> None:
    """metrics.json beside the weights."""
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
