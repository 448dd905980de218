"""The standard Inception FID, where torch-fidelity and its weights are at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ecomgen.errors import EcomgenError

_AT_ONCE = 32


class NoInception(EcomgenError):
    """The FID of papers cannot be had on this machine."""


def load_inception() -> Any:
    """torchmetrics' metric with the weights of Inception v3, downloaded when first needed. Raises NoInception."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    try:
        return FrechetInceptionDistance(feature=2048, reset_real_features=False)
    except ModuleNotFoundError as error:
        raise NoInception(
            "The standard Inception FID was not measured: it needs the package torch-fidelity (pip install torch-fidelity)."
        ) from error
    except (
        Exception
    ) as error:  # no network, no room, a damaged download: each of its layers raises kinds of its own
        raise NoInception(
            "The standard Inception FID was not measured: the weights of Inception v3 could not be downloaded."
        ) from error


def inception_distance(
    metric: Any, real: Tensor, generated: list[Tensor], tick: Callable[[int], None]
) -> list[float]:
    """uint8 [n, s, s, 3] of real photos and of several others -> the FID of each of the others to the real ones."""
    _show(metric, real, True, tick)
    distances = []
    for pictures in generated:
        _show(metric, pictures, False, tick)
        distances.append(float(metric.compute()))
        metric.reset()
    return distances


def _show(metric: Any, pictures: Tensor, real: bool, tick: Callable[[int], None]) -> None:
    for part in pictures.split(_AT_ONCE):
        metric.update(part.permute(0, 3, 1, 2).to(metric.device), real=real)
        tick(len(part))
