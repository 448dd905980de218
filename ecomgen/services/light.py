"""A lighter checkpoint from a whole one: checks what is asked, stops on a signal, and leaves the teaching to training/light.py."""

from __future__ import annotations

from pathlib import Path

from ecomgen.errors import InvalidRequest
from ecomgen.services.evaluation import find_checkpoint
from ecomgen.services.training import Progress, StopOnSignal
from ecomgen.settings import Settings

_MOST_MINUTES = 24 * 60.0


def lighten(
    settings: Settings, model: str | None, out: Path, minutes: float, resume: bool, progress: Progress
) -> bool:
    """Teach a narrower generator to draw as `model` does and write it to `out`; False when it was stopped early.

    Raises InvalidRequest and CheckpointError.
    """
    if not 0 < minutes <= _MOST_MINUTES:  # also false for NaN
        raise InvalidRequest("The minutes have to be more than 0 and at most 1440.")
    folder = find_checkpoint(settings, model or settings.model)
    if out.resolve() == folder.resolve():
        raise InvalidRequest("The lighter checkpoint needs a folder of its own.")
    import torch

    from ecomgen.training.light import LightConfig, train_light

    if settings.threads:
        torch.set_num_threads(settings.threads)
    with StopOnSignal() as stop:
        return train_light(folder, out, LightConfig(minutes=minutes), resume, stop.is_set, progress)
