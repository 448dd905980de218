"""What every training loop shares: the order of the examples, averaged weights, the schedule, and when to save.

A loop knows no screen: it is told when to stop (`should_stop`) and tells how far it is (`update_progress`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ecomgen.training.runlog import RunLog
from ecomgen.training.state import load_newest, save_state

ShouldStop = Callable[[], bool]
UpdateProgress = Callable[[str, float], None]
"""Called with what is being done and the share that is done, 0 to 1."""


def never() -> bool:
    """The `should_stop` of a run that nobody interrupts."""
    return False


def quietly(what: str, share: float) -> None:
    """The `update_progress` of a run that nobody watches."""


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
    """Set the learning rate, scaled in each group as `scaled_adam` did."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("scale", 1.0)


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """EMA of the weights; buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
    for kept, current in zip(average.buffers(), model.buffers(), strict=True):
        kept.copy_(current)


def average_decay(images: int, batch: int, half_life: float) -> float:
    """EMA decay for a half-life in images, ramped up at the start of a run (StyleGAN2-ADA)."""
    return 0.5 ** (batch / max(min(half_life, images * 0.1), 1e-8))


def finite(losses: Iterable[Tensor]) -> bool:
    """Whether no loss is NaN or infinite."""
    return all(bool(torch.isfinite(loss).all()) for loss in losses)


class Run(Protocol):
    """What `spend_budget` drives: `step` learns from the next batch and returns the losses."""

    done: int
    batch: int

    @property
    def progress(self) -> float:
        """Share of the budget that is spent, 0 to 1."""
        ...

    def step(self) -> dict[str, float]: ...

    def state(self) -> dict[str, Any]: ...

    def load(self, state: dict[str, Any]) -> None: ...


def spend_budget(
    run: Run,
    out: Path,
    phase: str,
    doing: str,
    resume: bool = False,
    should_stop: ShouldStop = never,
    update_progress: UpdateProgress = quietly,
    log_every: int = 20,
    save_seconds: float = 120.0,
) -> bool:
    """Step until the budget is spent; False when `should_stop` ended it early. Writes out/log.jsonl and out/state/phase."""
    states = out / "state" / phase
    if resume and (saved := load_newest(states)) is not None:
        run.load(saved)
    log = RunLog(out / "log.jsonl")
    last_save, last_log, logged, stopped = time.monotonic(), time.monotonic(), run.done, False
    while run.progress < 1 and not stopped:
        numbers = run.step()
        stopped = should_stop()
        if run.done % log_every == 0:
            rate = (run.done - logged) * run.batch / (time.monotonic() - last_log)
            log.write(phase=phase, step=run.done, images_per_second=rate, **numbers)
            last_log, logged = time.monotonic(), run.done
            update_progress(doing, run.progress)
        if stopped or run.progress >= 1 or time.monotonic() - last_save > save_seconds:
            save_state(states, run.done, run.state())
            last_save = time.monotonic()
    return not stopped
