"""What every training loop shares: the order of the examples, averaged weights, the schedule, and when to save.

A loop knows no screen: it is told when to stop (`should_stop`) and tells how far it is (`update_progress`).

It survives numbers that are none (NaN): a step whose loss or gradients are not finite changes no weight and is counted in
the log; after BAD_IN_ROW of them in a row the run goes back to its newest saved state with half the rate, and
after RETREATS of these it stops with one sentence.
"""

from __future__ import annotations

import math
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ecomgen.errors import TrainingError
from ecomgen.training.curves import save_curves
from ecomgen.training.runlog import RunLog
from ecomgen.training.state import load_newest, save_state

if TYPE_CHECKING:
    from ecomgen.training.selection import Selection

BAD_IN_ROW = 5
RETREATS = 3
_CURVES_SECONDS = 60.0  # drawing them takes a second or so

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


class Run(ABC):
    """What `spend_budget` drives: networks, their optimisers, and how much of a budget of examples is spent."""

    def __init__(self, budget: int, batch: int) -> None:
        self.budget, self.batch, self.done = budget, batch, 0
        self.retreats = 0

    @property
    def images(self) -> int:
        """Examples shown so far."""
        return self.done * self.batch

    @property
    def progress(self) -> float:
        """Share of the budget that is spent, 0 to 1."""
        return min(self.images / self.budget, 1.0)

    @abstractmethod
    def step(self) -> dict[str, float]:
        """Learn from the next batch and count it in `done`; returns the losses. Raises NotFinite."""

    @abstractmethod
    def parts(self) -> dict[str, Any]:
        """Networks and optimisers by name: with `done`, all that the next step depends on; random numbers are of (seed, step)."""

    def state(self) -> dict[str, Any]:
        """Tensors and numbers to resume from."""
        parts = {name: part.state_dict() for name, part in self.parts().items()}
        return {"done": self.done, "retreats": self.retreats, **parts}

    def load(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned; a part that was not there yet starts as it is."""
        self.done = int(state["done"])
        self.retreats = max(self.retreats, int(state.get("retreats", 0)))
        for name, part in self.parts().items():
            if name in state:
                part.load_state_dict(state[name])
        self._be_cautious()

    def retreat(self, state: dict[str, Any]) -> None:
        """Go back to `state` and halve the rates from there on. Raises TrainingError when that has been done too often."""
        if self.retreats == RETREATS:
            raise TrainingError(
                "The training came to numbers that are none (NaN) again and again, even with lower rates; start again with a "
                "lower rate in the configuration."
            )
        self.retreats += 1
        self.load(state)

    def _be_cautious(self) -> None:
        for part in self.parts().values():
            if isinstance(part, torch.optim.Optimizer):
                for group in part.param_groups:
                    group["caution"] = 0.5**self.retreats


class NotFinite(ArithmeticError):
    """A loss or a gradient is NaN or infinite; no weight has been changed by it."""


def descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """One step downhill. Raises NotFinite, before any weight changes, when the loss or its gradients are not finite."""
    if not bool(torch.isfinite(loss)):
        raise NotFinite("The loss is not a number any more.")
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    # Of a finite loss too: one NaN in a gradient would be in every weight after the next step.
    if gradients and not bool(torch.isfinite(nn.utils.get_total_norm(gradients))):
        optimizer.zero_grad(set_to_none=True)
        raise NotFinite("A gradient is not a number any more.")
    optimizer.step()


def start_afresh(out: Path) -> None:
    """Forget the run in `out`: its states and its log."""
    shutil.rmtree(out / "state", ignore_errors=True)
    (out / "log.jsonl").unlink(missing_ok=True)


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
    saved: Callable[[], None] = lambda: None,
    selection: Selection | None = None,
) -> bool:
    """Step until the budget is spent; False when `should_stop` ended it early. Raises TrainingError.

    Writes out/log.jsonl (means since the line before), out/curves.png and out/state/phase (exact resume); calls `saved`
    after each save. With a `selection` the run ends when that has waited long enough for a better score, and the
    selection's network has the best weights then.
    """
    states = out / "state" / phase
    last_curves = time.monotonic()

    def save(last: bool) -> None:
        nonlocal last_curves
        chosen = {} if selection is None else {"selection": selection.state()}
        save_state(states, run.done, run.state() | chosen)
        if last or time.monotonic() - last_curves > _CURVES_SECONDS:
            save_curves(out / "log.jsonl", out / "curves.png")
            last_curves = time.monotonic()
        saved()

    if resume and (state := load_newest(states)) is not None:
        run.load(state)
        if selection is not None and "selection" in state:
            selection.load(state["selection"])
    else:
        save_state(states, run.done, run.state())  # there is always a state to go back to
    log = RunLog(out / "log.jsonl")
    last_save, last_log, stopped, bad_in_row = time.monotonic(), time.monotonic(), False, 0
    since: list[dict[str, float]] = []

    def over() -> bool:
        return run.progress >= 1 or (selection is not None and selection.over)

    while not over() and not stopped:
        try:
            since.append(run.step())
            bad_in_row = 0
        except NotFinite:
            since.append({"skipped": 1.0})
            bad_in_row += 1
            run.done += 1
        if bad_in_row == BAD_IN_ROW and (state := load_newest(states)) is not None:
            run.retreat(state)
            if selection is not None and "selection" in state:
                selection.load(state["selection"])
            log.write(phase=phase, step=run.done, images=run.images, event="retreat", retreats=run.retreats)
            since, bad_in_row = [], 0
        stopped = should_stop()
        if run.done % log_every == 0 and since:
            rate = len(since) * run.batch / (time.monotonic() - last_log)
            log.write(phase=phase, step=run.done, images=run.images, images_per_second=rate, **_means(since))
            last_log, since = time.monotonic(), []
            update_progress(doing, run.progress)
        if selection is not None and selection.is_due(run.images, run.batch, run.progress >= 1):
            score = selection.look(run.images)
            log.write(phase=phase, step=run.done, images=run.images, kid=score, best_kid=selection.best)
        if stopped or over() or time.monotonic() - last_save > save_seconds:
            save(last=stopped or over())
            last_save = time.monotonic()
    if selection is not None and over():
        selection.restore()
    return not stopped


def _means(numbers: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each number over the steps that have it; of skipped steps the number."""
    names = dict.fromkeys(name for each in numbers for name in each)
    values = {name: [each[name] for each in numbers if name in each] for name in names}
    return {name: sum(v) if name == "skipped" else sum(v) / len(v) for name, v in values.items()}
