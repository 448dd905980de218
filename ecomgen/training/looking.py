"""What a recogniser sees in many pictures: as wholes, and closely, in parts at their full resolution."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ecomgen.models.recogniser import Recogniser
from ecomgen.training.autoencoder import to_tensor

_AT_ONCE = 64


@torch.inference_mode()
def look(judge: Recogniser, pictures: Tensor, tick: Callable[[int], None] = lambda n: None) -> Tensor:
    """uint8 [n, s, s, 3] of any size -> the judge's features, float64 [n, 256] on the CPU."""
    device = next(judge.parameters()).device
    features = []
    for part in pictures.split(_AT_ONCE):
        x = to_tensor(part.to(device))
        if x.shape[-1] != judge.size:
            x = F.interpolate(x, size=(judge.size, judge.size), mode="bilinear", antialias=True).clamp(-1, 1)
        features.append(judge.features(x).double().cpu())
        tick(len(part))
    return torch.cat(features)


def look_closely(judge: Recogniser, pictures: Tensor, tick: Callable[[int], None] = lambda n: None) -> Tensor:
    """uint8 [n, s, s, 3], s above the judge's size -> its features of the parts, float64 [n * parts, 256] on the CPU.

    The parts are squares of the judge's size at full resolution, as few as cover the picture: its quarters, where it is
    twice as large.
    """
    side, size = pictures.shape[1], judge.size
    count = -(-side // size)
    starts = [round(i * (side - size) / (count - 1)) for i in range(count)] if count > 1 else [0]
    parts = [pictures[:, top : top + size, left : left + size] for top in starts for left in starts]
    return torch.cat([look(judge, part, tick) for part in parts])
