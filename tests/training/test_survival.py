"""A run goes on after numbers that are none, after kills, and keeps its best weights."""

import dataclasses
import math
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tiny import tiny_training
from torch import Tensor, nn

from ecomgen.errors import TrainingError
from ecomgen.models.checkpoint import load_checkpoint
from ecomgen.training.loop import (
    BAD_IN_ROW,
    RETREATS,
    NotFinite,
    Run,
    Session,
    ShouldStop,
    descend,
    never,
    spend_budget,
)
from ecomgen.training.runlog import read_log
from ecomgen.training.selection import Selection, SelectionConfig, select_by_kid
from ecomgen.training.steps import scaled_adam, set_rate


class Line(Run):
    """Learns a line with a bad loss at some steps, by what `bad` says of (step, times it went back)."""

    def __init__(self, bad, steps: int = 40) -> None:
        super().__init__(steps, 1)
        torch.manual_seed(0)
        self.network, self._bad = nn.Linear(3, 1), bad
        self.optimizer = scaled_adam([self.network], 0.1, (0.5, 0.99))
        self.rates: list[float] = []

    def step(self) -> dict[str, float]:
        set_rate(self.optimizer, 0.1)
        self.rates.append(self.optimizer.param_groups[0]["lr"])
        torch.manual_seed(self.done)
        x = torch.randn(8, 3)
        loss = (self.network(x) - x.sum(1, keepdim=True)).square().mean()
        descend(self._worse(loss), self.optimizer)
        self.done += 1
        return {"loss": float(loss.detach())}

    def _worse(self, loss: Tensor) -> Tensor:
        return loss * self._bad(self.done, self.retreats)

    def parts(self) -> dict[str, Any]:
        return {"network": self.network, "optimizer": self.optimizer}


def run_to_end(run: Run, out: Path, resume: bool = False, should_stop: ShouldStop = never, **options) -> bool:
    session = Session(out, resume, should_stop)
    return spend_budget(run, session, "line", "Learning", log_every=1, **options)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_bad_step_changes_no_weight(bad: float) -> None:
    layer = nn.Linear(2, 1)
    optimizer = scaled_adam([layer], 0.1, (0.5, 0.99))
    before = layer.weight.clone()
    with pytest.raises(NotFinite):
        descend(layer(torch.ones(1, 2)).sum() * bad, optimizer)
    with pytest.raises(NotFinite):  # a finite loss whose gradient is infinite
        descend((layer(torch.zeros(1, 2)) - layer.bias).square().sum().sqrt(), optimizer)
    assert torch.equal(layer.weight, before)


def test_single_bad_steps_are_skipped_and_counted(tmp_path: Path) -> None:
    run = Line(lambda step, retreats: math.nan if step in (5, 9, 10) else 1.0)
    assert run_to_end(run, tmp_path)
    log = read_log(tmp_path / "log.jsonl")
    assert sum(line.get("skipped", 0) for line in log) == 3
    assert log[-1]["loss"] < 0.1 * log[0]["loss"]
    assert run.retreats == 0


def test_several_in_a_row_go_back_to_the_saved_state_with_half_the_rate(tmp_path: Path) -> None:
    run = Line(lambda step, retreats: math.nan if step >= 12 and not retreats else 1.0)
    assert run_to_end(run, tmp_path, save_seconds=0.0)
    assert run.retreats == 1
    assert run.rates[-1] == pytest.approx(0.5 * run.rates[0])
    events = [line for line in read_log(tmp_path / "log.jsonl") if line.get("event") == "retreat"]
    assert len(events) == 1
    assert all(bool(torch.isfinite(p).all()) for p in run.network.parameters())
    again = Line(lambda step, retreats: 1.0, steps=41)
    assert run_to_end(again, tmp_path, resume=True)
    assert again.rates == pytest.approx([0.5 * run.rates[0]])  # a resumed run stays cautious


def test_a_run_that_cannot_be_helped_ends_with_one_sentence(tmp_path: Path) -> None:
    run = Line(lambda step, retreats: math.nan if step >= 3 else 1.0)
    with pytest.raises(TrainingError, match=r"again and again.*\.$"):
        run_to_end(run, tmp_path)
    assert run.retreats == RETREATS
    log = read_log(tmp_path / "log.jsonl")
    assert sum(line.get("skipped", 0) for line in log) >= RETREATS * (BAD_IN_ROW - 1)


def scripted(scores: list[float]) -> tuple[nn.Linear, Selection, list[int]]:
    network, seen = nn.Linear(3, 1), []

    def score(module: nn.Module, images: int) -> float:
        seen.append(images)
        return scores[min(len(seen), len(scores)) - 1]

    return network, Selection(SelectionConfig(every=4, patience=3), network, score), seen


def test_the_best_weights_are_kept_and_waiting_ends(tmp_path: Path) -> None:
    run = Line(lambda step, retreats: 1.0)
    _, selection, seen = scripted([3.0, 1.0, 2.0, math.nan, 1.5])
    selection._network = run.network
    weights = []
    selection_look = selection.look
    selection.look = lambda images: (selection_look(images), weights.append(run.network.weight.clone()))[0]
    assert run_to_end(run, tmp_path, selection=selection)
    assert seen == [4, 8, 12, 16, 20]  # of 40: three looks without a new best are enough
    assert (selection.best, selection.best_images) == (1.0, 8)
    assert torch.equal(run.network.weight, weights[1])
    resumed = Line(lambda step, retreats: 1.0)
    _, again, more = scripted([0.0])
    again._network = resumed.network
    assert run_to_end(resumed, tmp_path, resume=True, selection=again)
    assert more == []  # it was over, and stays so
    assert torch.equal(resumed.network.weight, weights[1])


def test_a_stopped_selection_goes_on_as_if_unbroken(tmp_path: Path) -> None:
    def finish(out: Path, stop_after: int | None) -> tuple[float, int, Tensor]:
        script = [5.0, 4.0, 6.0, 3.0, 7.0, 8.0, 9.0]
        shown = 0

        def selection_of(run: Line) -> Selection:
            def score(module: nn.Module, images: int) -> float:
                return script[images // 4 - 1]

            return Selection(SelectionConfig(every=4, patience=3), run.network, score)

        run = Line(lambda step, retreats: 1.0)
        steps = iter(range(100))
        if stop_after is not None:
            stopped = Line(lambda step, retreats: 1.0)
            assert not run_to_end(
                stopped, out, selection=selection_of(stopped), should_stop=lambda: next(steps) >= stop_after
            )
        selection = selection_of(run)
        assert run_to_end(run, out, resume=stop_after is not None, selection=selection)
        return selection.best, selection.best_images + shown, run.network.weight.detach()

    whole = finish(tmp_path / "whole", None)
    for stop_after in (2, 9, 17):
        broken = finish(tmp_path / str(stop_after), stop_after)
        assert broken[:2] == whole[:2] == (3.0, 16)
        assert torch.equal(broken[2], whole[2])


def test_kid_prefers_what_looks_like_the_photos(tmp_path: Path) -> None:
    photos = torch.randint(200, 256, (40, 16, 16, 3), dtype=torch.uint8)

    class Flat(nn.Module):
        def __init__(self, level: float) -> None:
            super().__init__()
            self.level = nn.Parameter(torch.tensor(level))

        def forward(self, w: Tensor) -> Tensor:
            return (self.level + 0.2 * w.tanh()[:, :1, None, None]).expand(-1, 3, 16, 16)

    latents = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
    config = SelectionConfig(every=10, pictures=40)
    near = select_by_kid(config, Flat(0.8), photos, latents, tmp_path)
    far = select_by_kid(config, Flat(-0.8), photos, latents, tmp_path)
    assert near is not None
    assert far is not None
    assert near.look(10) < far.look(20)
    assert near.look(30) == near.best  # the same weights, the same score
    assert Image.open(tmp_path / "samples" / "0000000010.png").size == (8 * 18 - 2, 4 * 18 - 2)
    assert select_by_kid(dataclasses.replace(config, every=0), Flat(0.8), photos, latents, tmp_path) is None
    assert select_by_kid(config, Flat(0.8), photos[:3], latents, tmp_path) is None


def test_curves_are_drawn_from_the_log(tmp_path: Path) -> None:
    assert run_to_end(Line(lambda step, retreats: math.nan if step == 7 else 1.0), tmp_path)
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 600
        assert len(picture.convert("L").getcolors()) > 10
    assert not list(tmp_path.glob(".curves*"))


CONFIG = tiny_training(images=1600, latents=6400, width=16, save_seconds=0.3)


@pytest.mark.slow  # five programs, one after the other
def test_a_run_that_is_killed_again_and_again_ends_as_if_unbroken(product_zip: Path, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(CONFIG)
    chance = random.Random(4)

    def start(out: Path, *more: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "ecomgen",
            "train",
            str(tmp_path / "run.toml"),
            "--data",
            str(product_zip),
        ]
        return subprocess.Popen(
            [*command, "--out", str(out), *more], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    unbroken = start(tmp_path / "unbroken")
    assert unbroken.wait(300) == 0
    broken, killed = tmp_path / "broken", 0
    process = start(broken)
    for _ in range(3):
        seen = len(read_log(broken / "log.jsonl"))
        while process.poll() is None and len(read_log(broken / "log.jsonl")) <= seen:
            time.sleep(0.02)
        time.sleep(0.4 * chance.random())
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait()
        process = start(broken, "--resume")
    assert process.wait(300) == 0
    assert killed >= 2
    assert load_checkpoint(broken).hash == load_checkpoint(tmp_path / "unbroken").hash
    assert (broken / "training.toml").read_text() == CONFIG
