"""Second half of the generator: the mapping network learns which latents belong to a condition.

Every training photo is encoded once to N(mean, variance) over w. A flow (Lipman et al. 2023) then learns p(w | c) on
latents drawn from these, with attributes left out at random so that any subset of them can be asked for.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ecomgen.models.encoder import Encoder
from ecomgen.models.stylegan import Condition, FlowMapping, GeneratorConfig, Vocabulary, guided_schedule
from ecomgen.training import losses
from ecomgen.training.autoencoder import to_tensor
from ecomgen.training.device import Compute
from ecomgen.training.loop import (
    ShouldStop,
    UpdateProgress,
    average_decay,
    batch_indices,
    falling,
    finite,
    never,
    quietly,
    scaled_adam,
    seed_step,
    set_rate,
    update_average,
)
from ecomgen.training.runlog import RunLog
from ecomgen.training.state import load_newest, save_state


@dataclass(frozen=True)
class MappingConfig:
    """Budget of the mapping phase, in latents shown; `keep` is the chance that a known attribute is kept."""

    latents: int = 4_000_000
    batch: int = 128
    rate: float = 1.6e-2
    keep: float = 0.75
    keep_none: float = 0.1
    half_life: float = 40_000.0
    save_seconds: float = 120.0
    log_every: int = 100
    seed: int = 1


@torch.no_grad()
def encode_photos(
    encoder: Encoder, photos: Tensor, compute: Compute, batch: int = 256
) -> tuple[Tensor, Tensor]:
    """uint8 photos [n, s, s, 3] -> mean and standard deviation of w, each [n, w_dim] on the CPU."""
    means, deviations = [], []
    for chunk in photos.split(batch):
        with compute.autocast():
            mean, log_variance = encoder(to_tensor(chunk).to(compute.device))
        means.append(mean.float().cpu())
        deviations.append((0.5 * log_variance.float()).exp().cpu())
    return torch.cat(means), torch.cat(deviations)


class MappingRun:
    """Condition and mapping networks, their averages and the optimiser of one run.

    `weight` [w_dim] says how much of a picture each latent moves.
    """

    def __init__(
        self,
        config: MappingConfig,
        generator: GeneratorConfig,
        vocabulary: Vocabulary,
        mean: Tensor,
        deviation: Tensor,
        weight: Tensor,
        attributes: Sequence[Mapping[str, str | None]],
        device: torch.device,
    ) -> None:
        seed_step(config.seed, 0)
        self.config, self.device = config, device
        self.mean, self.deviation = mean.to(device), deviation.to(device)
        self.names, self.values, self.known = (
            t.to(device) for t in vocabulary.lookup([dict(each) for each in attributes])
        )
        self.condition, self.mapping = Condition(generator).to(device), FlowMapping(generator).to(device)
        self.network = nn.ModuleDict({"condition": self.condition, "mapping": self.mapping})
        self.mapping.mean.copy_(self.mean.mean(0))
        self.mapping.std.copy_((self.mean.var(0) + self.deviation.square().mean(0)).sqrt())
        # Between all alike and as in the picture.
        scale = weight.sqrt().clamp(min=1e-2 * float(weight.max()) ** 0.5)
        self.mapping.scale.copy_(scale / scale.square().mean().sqrt())
        self.average = copy.deepcopy(self.network).eval().requires_grad_(False)
        self.optimizer = scaled_adam([self.network], config.rate, (0.9, 0.99))
        self.done = 0

    @property
    def progress(self) -> float:
        """Share of the budget that is spent, 0 to 1."""
        return min(self.done * self.config.batch / self.config.latents, 1.0)

    def step(self) -> float:
        """Learn from one batch; returns the loss. Raises FloatingPointError on NaN."""
        config = self.config
        seed_step(config.seed, self.done + 1)
        set_rate(self.optimizer, config.rate * falling(self.progress, floor=0.01))
        rows = batch_indices(len(self.mean), config.batch, self.done, config.seed).to(self.device)
        draw = torch.rand(len(rows), self.known.shape[1] + 1).to(self.device)
        known = self.known[rows] & (draw[:, 1:] < config.keep) & (draw[:, :1] > config.keep_none)
        w = self.mean[rows] + self.deviation[rows] * torch.randn(self.mean[rows].shape).to(self.device)
        noise, t = torch.randn(w.shape).to(self.device), torch.rand(len(rows)).to(self.device)

        mapping = self.mapping
        target = mapping.normalise(w)
        c = self.condition(self.names[rows], self.values[rows], known)
        at = torch.lerp(noise, target, t[:, None])
        loss = losses.flow_matching(mapping.velocity(at, mapping.moment(t[:, None], c)), noise, target)
        if not finite([loss]):
            raise FloatingPointError("The loss is not a number any more.")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.done += 1
        decay = average_decay(self.done * config.batch, config.batch, config.half_life)
        update_average(self.average, self.network, decay)
        return float(loss.detach())

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on besides the latents."""
        return {
            "done": self.done,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self.done = int(state["done"])
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])


@torch.no_grad()
def draw_latents(run: MappingRun, count: int) -> Tensor:
    """w [count, w_dim] as people will ask for them: attributes of the photos, some left out, and every variety."""
    seed_step(run.config.seed, -1)
    condition, mapping = run.average["condition"], run.average["mapping"]
    assert isinstance(condition, Condition)
    assert isinstance(mapping, FlowMapping)
    drawn = []
    for start in range(0, count, 256):
        n = min(256, count - start)
        rows = torch.randint(len(run.mean), (n,)).to(run.device)
        known = run.known[rows] & (torch.rand(n, run.known.shape[1]).to(run.device) < run.config.keep)
        z = torch.randn(n, run.mean.shape[1]) * (0.6 + 0.4 * torch.rand(n, 1))
        schedule = guided_schedule(condition, mapping, run.names[rows], run.values[rows], known)
        drawn.append(mapping(z.to(run.device), schedule))
    return torch.cat(drawn)


def train_mapping(
    run: MappingRun,
    out: Path,
    resume: bool = False,
    should_stop: ShouldStop = never,
    update_progress: UpdateProgress = quietly,
) -> bool:
    """Train until the budget is spent; False when `should_stop` ended it early. Writes log and state under `out`."""
    config, states = run.config, out / "state" / "mapping"
    if resume and (saved := load_newest(states)) is not None:
        run.load(saved)
    log = RunLog(out / "log.jsonl")
    last_save = time.monotonic()
    total, stopped = 0.0, False
    while run.progress < 1 and not stopped:
        total += run.step()
        stopped = should_stop()
        if run.done % config.log_every == 0:
            log.write(
                phase="mapping", step=run.done, latents=run.done * config.batch, loss=total / config.log_every
            )
            total = 0.0
            update_progress("Learning what belongs to which words", run.progress)
        if stopped or run.progress >= 1 or time.monotonic() - last_save > config.save_seconds:
            save_state(states, run.done, run.state())
            last_save = time.monotonic()
    return not stopped
