"""The pieces of a training step: random numbers, batches, learning rates, averaged weights."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn


def seed_step(seed: int, step: int) -> None:
    """Random numbers of a step depend on the seed and the step alone, so a resumed run is bit-identical."""
    torch.manual_seed((seed * 1_000_003 + step) % 2**63)


def batch_indices(n: int, batch: int, step: int, seed: int) -> Tensor:
    """Indices of batch `step`: each epoch is a fresh permutation drawn from (seed, epoch) alone."""
    picked: list[Tensor] = []
    position, end = step * batch, (step + 1) * batch
    while position < end:
        epoch, offset = divmod(position, n)
        order = torch.randperm(n, generator=torch.Generator().manual_seed(seed * 7919 + epoch))
        take = order[offset : offset + end - position]
        picked.append(take)
        position += len(take)
    return torch.cat(picked)


def falling(progress: float, warmup: float = 0.01, floor: float = 0.1) -> float:
    """Learning-rate factor: a short linear rise, then a cosine down to `floor`; progress in [0, 1]."""
    if progress < warmup:
        return max(progress / warmup, 0.02)
    share = (progress - warmup) / (1 - warmup)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def scaled_adam(modules: Iterable[nn.Module], rate: float, betas: tuple[float, float]) -> torch.optim.Adam:
    """Adam whose rate for a weight falls with the root of its fan-in, as StyleGAN's equalised learning rate.

    With one rate for all, layers with thousands of inputs move tens of times too fast and the run diverges.
    """
    groups: dict[float, list[nn.Parameter]] = {}
    for module in modules:
        for parameter in module.parameters():
            scale = parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 1.0
            groups.setdefault(scale, []).append(parameter)
    return torch.optim.Adam(
        [{"params": group, "lr": rate * scale, "scale": scale} for scale, group in groups.items()],
        betas=betas,
        fused=True,
    )


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate, scaled in each group as `scaled_adam` did, and by its `caution` after a retreat."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("scale", 1.0) * group.get("caution", 1.0)


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """EMA of the weights; buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
    for kept, current in zip(average.buffers(), model.buffers(), strict=True):
        kept.copy_(current)


def average_decay(images: int, batch: int, half_life: float) -> float:
    """EMA decay for a half-life in images, ramped up at the start of a run (StyleGAN2-ADA)."""
    return 0.5 ** (batch / max(min(half_life, images * 0.1), 1e-8))
