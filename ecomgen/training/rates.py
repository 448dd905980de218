"""How fast this machine is at fine-tuning a checkpoint: a fresh process measures it and goes away again.

    python -m ecomgen.training.rates FOLDER      prints {"autoencoder": ..., "mapping": ..., "adversarial": ..., "drawing": ...}

Seconds that a picture, or a latent, takes in each phase, and that it takes to draw and look at one.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from pathlib import Path

import torch

from ecomgen.models.checkpoint import load_checkpoint
from ecomgen.models.recogniser import load_recogniser
from ecomgen.settings import bundled, read_settings
from ecomgen.training.finetune import measure
from ecomgen.training.looking import look
from ecomgen.training.sampling import draw

_DRAWN = 16


def main() -> None:
    """Load the checkpoint in the folder named, measure, print."""
    os.nice(10)  # as a job is
    if threads := read_settings().threads:
        torch.set_num_threads(threads)
    checkpoint = load_checkpoint(Path(sys.argv[1]))
    rates = dataclasses.asdict(measure(checkpoint))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    eyes = load_recogniser(bundled("checkpoints") / "vision")[0].to(device)
    for _ in range(2):  # the first time warms up
        begun = time.monotonic()
        look(eyes, draw(checkpoint, [{}] * _DRAWN, 0.8, 0, device))
        rates["drawing"] = (time.monotonic() - begun) / _DRAWN
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
