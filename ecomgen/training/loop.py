"""What every training loop shares: when to log, to save, to go back and to stop.

A loop knows no screen: it is told when to stop (`should_stop`) and tells how far it is (`update_progress`).

It survives numbers that are none (NaN): a step whose loss or gradients are not finite changes no weight and is counted in
the log; after BAD_IN_ROW of them in a row the run goes back to its newest saved state with half the rate, and
after RETREATS of these it stops with one sentence.
"""

from __future__ import annotations

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ecomgen.errors import ConfigError, TrainingError
from ecomgen.training import processes
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


@dataclass(frozen=True)
class Session:
    """Where a run writes, whether it goes on from what lies there, who may stop it and who is told how far it is."""

    out: Path
    resume: bool = False
    should_stop: ShouldStop = never
    update_progress: UpdateProgress = quietly

    def begin(self) -> None:
        """Without `resume`, remove the state and the log of an earlier run."""
        if not self.resume and processes.is_main():
            shutil.rmtree(self.out / "state", ignore_errors=True)
            (self.out / "log.jsonl").unlink(missing_ok=True)
        processes.wait()


class Run(ABC):
    """What `spend_budget` drives: networks, their optimisers, and how much of a budget of examples is spent."""

    def __init__(self, budget: int, batch: int) -> None:
        several = processes.count()
        if several > 1 and batch % (4 * several):
            raise ConfigError(
                f"A batch of {batch} cannot be shared by {several} processes; it has to be a multiple of {4 * several}."
            )
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
    shared = loss.detach().clone()
    processes.average([shared])  # all skip the step, or none
    if not bool(torch.isfinite(shared)):
        raise NotFinite("The loss is not a number any more.")
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    processes.average(gradients)
    # Of a finite loss too: one NaN in a gradient would be in every weight after the next step.
    if gradients and not bool(torch.isfinite(nn.utils.get_total_norm(gradients))):
        optimizer.zero_grad(set_to_none=True)
        raise NotFinite("A gradient is not a number any more.")
    optimizer.step()


def spend_budget(
    run: Run,
    session: Session,
    phase: str,
    doing: str,
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
    out = session.out
    states = out / "state" / phase
    last_curves = time.monotonic()

    def save(last: bool) -> None:
        nonlocal last_curves
        if not processes.is_main():
            return
        chosen = {} if selection is None else {"selection": selection.state()}
        save_state(states, run.done, run.state() | chosen)
        if last or time.monotonic() - last_curves > _CURVES_SECONDS:
            save_curves(out / "log.jsonl", out / "curves.png")
            last_curves = time.monotonic()
        saved()

    if session.resume and (state := load_newest(states)) is not None:
        run.load(state)
        if selection is not None and "selection" in state:
            selection.load(state["selection"])
    elif processes.is_main():
        save_state(states, run.done, run.state())  # there is always a state to go back to
    processes.agree(part for part in run.parts().values() if isinstance(part, nn.Module))
    log = RunLog(out / "log.jsonl") if processes.is_main() else None

    def note(**numbers: float | int | str) -> None:
        if log is not None:
            log.write(phase=phase, step=run.done, images=run.images, **numbers)

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
            note(event="retreat", retreats=run.retreats)
            since, bad_in_row = [], 0
        stopped = processes.wanted_by_any(session.should_stop())
        if run.done % log_every == 0 and since:
            rate = len(since) * run.batch / (time.monotonic() - last_log)
            note(images_per_second=rate, **processes.averaged(_means(since)))
            last_log, since = time.monotonic(), []
            if processes.is_main():
                session.update_progress(doing, run.progress)
        if selection is not None and selection.is_due(run.images, run.batch, run.progress >= 1):
            score = selection.look(run.images)
            note(kid=score, best_kid=selection.best)
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
