"""How much memory a checkpoint takes: a fresh process loads it, draws, and says how far it went.

    python -m ecomgen.training.metrics.memory FOLDER      prints {"memory_mb": ..., "memory_of": ...}

In the process that measures all the rest, everything else is in memory too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from ecomgen.models.checkpoint import load_checkpoint

PICTURES = 8
_MB = 1e6


def measure_memory(folder: Path) -> dict[str, Any]:
    """Most megabytes (10^6 bytes) while loading the checkpoint and drawing eight pictures; None where it cannot be told.

    Of a GPU's memory where there is one, else of the whole process, Python and torch included.
    """
    command = [sys.executable, "-m", __name__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return {"memory_mb": None, "memory_of": "process"}
    return dict(json.loads(lines[-1]))


def main() -> None:
    """Load the checkpoint in the folder named, draw, print."""
    checkpoint = load_checkpoint(Path(sys.argv[1]))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    generator = checkpoint.generator.to(device)
    asked = [t.to(device) for t in checkpoint.vocabulary.lookup([{}])]
    z = torch.randn(PICTURES, generator.config.w_dim, generator=torch.Generator().manual_seed(0)).to(device)
    with torch.inference_mode():
        generator(z, generator.schedule(*asked))
    if device.type == "cuda":
        print(json.dumps({"memory_mb": round(torch.cuda.max_memory_allocated() / _MB), "memory_of": "gpu"}))
    else:
        print(json.dumps({"memory_mb": _most_resident(), "memory_of": "process"}))


def _most_resident() -> int | None:
    """Megabytes; Linux only. `getrusage` would count what the starting process held as well."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    peak = next((line for line in status.splitlines() if line.startswith("VmHWM")), None)
    return round(int(peak.split()[1]) * 1024 / _MB) if peak else None


if __name__ == "__main__":
    main()
