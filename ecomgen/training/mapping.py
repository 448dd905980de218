"""Second half of the generator: the mapping network learns which latents belong to a condition.

Every training photo is encoded once to N(mean, variance) over w. A flow (Lipman et al. 2023) then learns p(w | c) on
latents drawn from these, with attributes left out at random so that any subset of them can be asked for.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ecomgen.models.condition import Condition, Vocabulary
from ecomgen.models.encoder import Encoder
from ecomgen.models.mapping import FlowMapping
from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.stylegan import guided_schedule
from ecomgen.training import losses, processes, steps
from ecomgen.training.autoencoder import to_tensor
from ecomgen.training.device import Compute
from ecomgen.training.loop import (
    Run,
    Session,
    descend,
    spend_budget,
)


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


class MappingRun(Run):
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
        super().__init__(config.latents, config.batch)
        steps.seed_step(config.seed, 0)
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
        self.optimizer = steps.scaled_adam([self.network], config.rate, (0.9, 0.99))

    def start_from(self, condition: Condition) -> None:
        """Begin with what another network knows of words. RuntimeError for another shape."""
        for network in (self.network, self.average):
            own = network["condition"]
            assert isinstance(own, Condition)
            own.load_state_dict(condition.state_dict())

    def parts(self) -> dict[str, Any]:
        return {"network": self.network, "average": self.average, "optimizer": self.optimizer}

    def step(self) -> dict[str, float]:
        config = self.config
        steps.seed_step(config.seed, self.done + 1)
        steps.set_rate(self.optimizer, config.rate * steps.falling(self.progress, floor=0.01))
        rows = steps.batch_indices(len(self.mean), config.batch, self.done, config.seed)
        rows = processes.mine(rows).to(self.device)
        draw = processes.uniform((len(rows), self.known.shape[1] + 1)).to(self.device)
        known = self.known[rows] & (draw[:, 1:] < config.keep) & (draw[:, :1] > config.keep_none)
        w = self.mean[rows] + self.deviation[rows] * processes.normal(self.mean[rows].shape).to(self.device)
        noise, t = processes.normal(w.shape).to(self.device), processes.uniform((len(rows),)).to(self.device)

        mapping = self.mapping
        target = mapping.normalise(w)
        c = self.condition(self.names[rows], self.values[rows], known)
        at = torch.lerp(noise, target, t[:, None])
        loss = losses.flow_matching(mapping.velocity(at, mapping.moment(t[:, None], c)), noise, target)
        descend(loss, self.optimizer)
        self.done += 1
        decay = steps.average_decay(self.images, config.batch, config.half_life)
        steps.update_average(self.average, self.network, decay)
        return {"loss": float(loss.detach())}


class Drawn(NamedTuple):
    """Latents w [n, w_dim] that the mapping drew for what the photos in `rows` [n] show, as far as `known` [n, a] tells it;
    c [n, cond_dim] is that condition."""

    w: Tensor
    c: Tensor
    rows: Tensor
    known: Tensor


@torch.no_grad()
def draw_latents(
    condition: Condition,
    mapping: FlowMapping,
    shown: tuple[Tensor, Tensor, Tensor],
    rows: Tensor,
    keep: float,
    seed: int,
) -> Drawn:
    """As people will ask for them: attributes of photos, each kept with the chance `keep`, and every variety.

    `shown` is what `Vocabulary.lookup` says of all photos, `rows` picks from them.
    """
    steps.seed_step(seed, -1)
    names, values, all_known = shown
    parts = []
    for part in rows.split(256):
        known = all_known[part] & (torch.rand(len(part), all_known.shape[1]).to(all_known.device) < keep)
        z = torch.randn(len(part), mapping.mean.shape[0]) * (0.6 + 0.4 * torch.rand(len(part), 1))
        asked = names[part], values[part], known
        w = mapping(z.to(values.device), guided_schedule(condition, mapping, *asked))
        parts.append(Drawn(w, condition(*asked), part, known))
    return Drawn(*(torch.cat(each) for each in zip(*parts, strict=True)))


def train_mapping(
    run: MappingRun,
    session: Session,
) -> bool:
    """Train until the budget is spent; False when `should_stop` ended it early. Writes log and state under `out`."""
    config, doing = run.config, "Learning what belongs to which words"
    return spend_budget(
        run,
        session,
        "mapping",
        doing,
        config.log_every,
        config.save_seconds,
    )
