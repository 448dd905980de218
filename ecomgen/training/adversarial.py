"""Last phase of the generator: adversaries judge what it draws from nothing, and it grows to its full size.

    w of photos --Synthesis--> compared with the photos: pixels, edges, features
    w drawn by the mapping --Synthesis--> judged as a whole by the critic (frozen features, beside what was asked),
                                          and in full-size parts by the patch discriminator

Photos smaller than the generator's pictures teach it as well: the critic and the comparisons look at both at the small
size, and only the patch discriminator and one more comparison need photos of the full size.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ecomgen.models.backbone import Backbone
from ecomgen.models.critic import Critic, CriticConfig
from ecomgen.models.discriminator import DiscriminatorConfig, PatchDiscriminator
from ecomgen.models.layers import shrink, smooth
from ecomgen.models.synthesis import Synthesis
from ecomgen.training import losses, processes, steps
from ecomgen.training.augment import change_light
from ecomgen.training.autoencoder import part_of, to_tensor
from ecomgen.training.device import Compute
from ecomgen.training.grid import save_grid
from ecomgen.training.loop import (
    Run,
    Session,
    descend,
    spend_budget,
)
from ecomgen.training.mapping import Drawn
from ecomgen.training.selection import Selection

_SHIFT = 3
"""Pixels by which what the backbone sees is moved at most. It is smoothed as well: without both, the generator learns to draw
lattices that the backbone's strides take for texture; what is sharp is left to the patch discriminator."""


@dataclass(frozen=True)
class AdversarialConfig:
    """Budget in drawn pictures, and weights; those of `pixels` and `gradients` are per mean absolute difference.

    Half of each batch shows photos of the full size. A weight of 0 leaves its part out; `gamma` is that of the patch
    discriminator's gradient penalty. `keep` is the chance with which each
    attribute is asked for; `balance` from 0 (as often as in the photos) to 1 (every category and colour alike).
    For small sets: `frozen` early parts of the patch discriminator stay as they were (FreezeD, Mo et al. 2020), and `light`
    changes brightness, contrast and saturation before it by up to that share (DiffAugment, Zhao et al. 2020).
    """

    images: int = 0
    batch: int = 16
    rate: float = 4e-3
    pixels: float = 100.0
    gradients: float = 80.0
    perceptual: float = 30.0
    features: float = 20.0
    patches: float = 12.0
    critic: float = 8.0
    gamma: float = 1.0
    frozen: int = 0
    light: float = 0.0
    adversary_rate: float = 2e-3
    warmup: float = 0.02
    keep: float = 0.75
    balance: float = 0.5
    half_life: float = 2_000.0
    save_seconds: float = 300.0
    log_every: int = 20
    seed: int = 1


class Lesson(NamedTuple):
    """What the phase learns from, rows in the same order but for `detail`.

    photos: uint8 [n, s, s, 3] at the backbone's size; mean, deviation [n, w_dim]: their latents; numbers [n, a]: the value
    of each attribute, -1 where unknown; detail: uint8 [m, size, size, 3], those that are large enough, and detail_rows [m],
    which of `photos` they are.
    """

    photos: Tensor
    mean: Tensor
    deviation: Tensor
    numbers: Tensor
    detail: Tensor
    detail_rows: Tensor


class AdversarialRun(Run):
    """Networks, averages and optimisers of one run; `step` learns from one batch."""

    def __init__(
        self,
        config: AdversarialConfig,
        synthesis: Synthesis,
        discriminator: DiscriminatorConfig,
        critic: CriticConfig,
        backbone: Backbone,
        lesson: Lesson,
        drawn: Drawn,
        compute: Compute,
        compiled: bool = False,
    ) -> None:
        super().__init__(config.images, config.batch)
        steps.seed_step(config.seed, 0)
        self.config, self.lesson, self.drawn, self.compute = config, lesson, drawn, compute
        self.backbone = backbone.to(compute.device).eval().requires_grad_(False)
        self.synthesis = synthesis.to(compute.device).train()
        self.synthesis.requires_grad_(True).base.requires_grad_(False)
        self.adversary = PatchDiscriminator(discriminator).to(compute.device)
        self.critic = Critic(critic).to(compute.device)
        for module in (self.synthesis, self.adversary):
            module.to(memory_format=torch.channels_last)
        self.average_synthesis = copy.deepcopy(self.synthesis).eval().requires_grad_(False)
        self.optimizer = steps.scaled_adam([self.synthesis], config.rate, (0.0, 0.99))
        # Translation is there already: the discriminator sees parts at random places.
        self._learning = self.adversary.parts_from(config.frozen)
        self.adversary_optimizer = steps.scaled_adam(
            [*self._learning, self.critic], config.adversary_rate, (0.0, 0.99)
        )
        self._synthesize = torch.compile(self.synthesis) if compiled else self.synthesis
        has_detail = torch.zeros(len(lesson.photos), dtype=torch.bool)
        has_detail[lesson.detail_rows] = True
        self._detail_of = torch.full((len(lesson.photos),), -1)
        self._detail_of[lesson.detail_rows] = torch.arange(len(lesson.detail))
        of_detail = has_detail[drawn.rows.cpu()]
        self._large, self._small = of_detail.nonzero()[:, 0], (~of_detail).nonzero()[:, 0]
        self._fit_scale()

    @torch.no_grad()
    def _fit_scale(self) -> None:
        some = to_tensor(self.lesson.photos[:: max(1, len(self.lesson.photos) // 128)]).to(
            self.compute.device
        )
        stages = self.backbone.stages(smooth(some))
        self.critic.scale.copy_(torch.stack([stage.square().mean().sqrt() for stage in stages]))

    def _rows(self) -> tuple[Tensor, int]:
        """Which drawn latents this step is about, and how many of the first have a photo of the full size."""
        n, seed = self.config.batch, self.config.seed
        if not len(self._large) or not len(self._small):
            whole = self._large if len(self._large) else self._small
            return whole[steps.batch_indices(len(whole), n, self.done, seed)], n if len(self._large) else 0
        large = self._large[steps.batch_indices(len(self._large), n // 2, self.done, seed)]
        small = self._small[steps.batch_indices(len(self._small), n - n // 2, self.done, seed)]
        return torch.cat([large, small]), n // 2

    def step(self) -> dict[str, float]:
        config, lesson, device = self.config, self.lesson, self.compute.device
        whole, large = self._rows()
        picked, large = processes.mine(whole), large // processes.count()
        rows = self.drawn.rows[picked].cpu()
        photos = to_tensor(lesson.photos[rows]).to(device)
        detail = to_tensor(lesson.detail[self._detail_of[rows[:large]]]).to(device)
        c = self.drawn.c[picked].to(device)
        steps.seed_step(config.seed, self.done + 1)
        ramp = min(self.progress / max(config.warmup, 1e-9), 1.0)
        factor = steps.falling(self.progress, warmup=0.01, floor=0.2)
        steps.set_rate(self.optimizer, config.rate * factor)
        steps.set_rate(self.adversary_optimizer, config.adversary_rate)

        # Reconstructions: all that have a large photo, and half as many others.
        redrawn = large + (len(rows) - large + 1) // 2
        mean, deviation = lesson.mean[rows[:redrawn]].to(device), lesson.deviation[rows[:redrawn]].to(device)
        w = torch.cat(
            [mean + deviation * processes.normal(mean.shape).to(device), self.drawn.w[picked].to(device)]
        )
        shift = torch.randint(-_SHIFT, _SHIFT + 1, (2,)).tolist()
        with self.compute.autocast():
            fake = self._synthesize(w)
            seen = shrink(fake, photos.shape[-1])
            with torch.no_grad():
                real_stages = self.backbone.stages(smooth(photos.roll(shift, (2, 3))))
            stages = self.backbone.stages(smooth(seen.roll(shift, (2, 3))))
        rebuilt = seen[:redrawn].float()
        parts = {
            "pixels": losses.multiscale_l1(rebuilt, photos[:redrawn]),
            "gradients": losses.gradient_l1(rebuilt, photos[:redrawn]),
        }
        if large:
            parts["pixels"] = parts["pixels"] + (fake[:large].float() - detail).abs().mean()
            parts["gradients"] = parts["gradients"] + losses.gradient_l1(fake[:large].float(), detail)
        total = config.pixels * parts["pixels"] + config.gradients * parts["gradients"]
        if config.perceptual:
            ours, theirs = [s[:redrawn] for s in stages], [s[:redrawn] for s in real_stages]
            parts["perceptual"] = losses.feature_distance(ours, theirs)
            total = total + config.perceptual * parts["perceptual"]
        drawn_stages = [s[redrawn:] for s in stages]
        if config.critic:
            self.critic.requires_grad_(False)
            judged = self.critic(drawn_stages, c)
            parts["critic"] = _mean([losses.hinge_generator(each.float()) for each in judged])
            total = total + ramp * config.critic * parts["critic"]
        top, left = torch.randint(fake.shape[-1], (2,)).tolist()
        # As many drawn pictures as reconstructions go before the patch discriminator, those for which a large photo exists.
        before_patches = torch.cat([fake[:large], fake[redrawn : redrawn + large]])
        if config.patches and large:
            self.adversary.requires_grad_(False)
            with self.compute.autocast():
                logits, features = self.adversary(self._lit(part_of(before_patches, top, left)))
                with torch.no_grad():
                    _, real_features = self.adversary(part_of(detail, top, left))
            parts["patches"] = losses.hinge_generator(logits.float())
            parts["features"] = losses.feature_distance([f[:large] for f in features], real_features)
            total = total + ramp * (config.patches * parts["patches"] + config.features * parts["features"])
        descend(total, self.optimizer)

        judgement = self._teach_adversaries(
            detail,
            before_patches.detach(),
            (top, left),
            real_stages,
            [s.detach() for s in drawn_stages],
            c,
            picked,
        )
        self.done += 1
        steps.update_average(
            self.average_synthesis,
            self.synthesis,
            steps.average_decay(self.images, config.batch, config.half_life),
        )
        numbers = {"loss": total, **parts, **judgement}
        return {name: float(number.detach()) for name, number in numbers.items()}

    def _teach_adversaries(
        self,
        detail: Tensor,
        before_patches: Tensor,
        corner: tuple[int, int],
        real_stages: list[Tensor],
        drawn_stages: list[Tensor],
        c: Tensor,
        picked: Tensor,
    ) -> dict[str, Tensor]:
        config, parts = self.config, {}
        if config.patches and len(detail):
            for part in self._learning:
                part.requires_grad_(True)
            pairs = self._lit(part_of(torch.cat([detail, before_patches.to(detail.dtype)]), *corner))
            parts["patch_adversary"] = self.judge_patches(pairs, len(detail))
        if config.critic:
            self.critic.requires_grad_(True)
            parts["critic_adversary"] = self.judge_wholes(real_stages, drawn_stages, c, picked)
        if parts:
            descend(torch.stack(list(parts.values())).sum(), self.adversary_optimizer)
        return parts

    def _lit(self, pictures: Tensor) -> Tensor:
        light = self.config.light
        return change_light(pictures, light, 0.0) if light else pictures

    def judge_patches(self, pairs: Tensor, real: int) -> Tensor:
        """The patch discriminator's loss: of `pairs` [n, 3, h, h] the first `real` are parts of photos, the others are drawn."""
        pairs = pairs.detach().float().requires_grad_(self.config.gamma > 0)
        logits, _ = self.adversary(pairs)  # in fp32: a gradient of gradients is too small for less
        loss = losses.hinge_discriminator(*logits.tensor_split([real]))
        if self.config.gamma:
            loss = loss + 0.5 * self.config.gamma * losses.gradient_penalty(logits, pairs)
        return loss

    def judge_wholes(
        self, real_stages: list[Tensor], drawn_stages: list[Tensor], c: Tensor, picked: Tensor
    ) -> Tensor:
        """The critic's loss: what the backbone sees in photos and in pictures, beside what was asked for `picked` latents."""
        both = zip(self.critic(real_stages, c), self.critic(drawn_stages, c), strict=True)
        return _mean([losses.hinge_discriminator(r.float(), f.float()) for r, f in both])

    def parts(self) -> dict[str, Any]:
        return {
            "synthesis": self.synthesis,
            "adversary": self.adversary,
            "critic": self.critic,
            "average_synthesis": self.average_synthesis,
            "optimizer": self.optimizer,
            "adversary_optimizer": self.adversary_optimizer,
        }


def _mean(numbers: list[Tensor]) -> Tensor:
    return torch.stack(numbers).mean()


def train_adversarial(
    run: AdversarialRun,
    session: Session,
    selection: Selection | None = None,
) -> bool:
    """Train until the budget is spent, or the `selection` is over; False when `should_stop` ended it early.

    Writes out/log.jsonl, out/state/adversarial (exact resume) and out/drawn.png (the same latents each time).
    """
    config = run.config
    shown = run.drawn.w[torch.linspace(0, len(run.drawn.w) - 1, 48).long()]

    def save_drawn() -> None:
        with torch.no_grad():
            save_grid(
                run.average_synthesis(shown.to(run.compute.device)), session.out / "drawn.png", columns=8
            )

    return spend_budget(
        run, session, "adversarial", "Drawing from nothing", config.log_every,
        config.save_seconds, save_drawn, selection,
    )  # fmt: skip
