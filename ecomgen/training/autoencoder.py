"""First half of the generator: the synthesis network, trained as an autoencoder with adversarial reconstructions.

    x --Encoder--> w ~ N(mean, variance) --Synthesis--> x'
    loss = L1 at three resolutions + L1 of image gradients + KL, and, once the patch discriminator joins,
           hinge loss on x' + distance of its features (VAE/GAN, Larsen et al. 2016)

Why not a GAN from the start: shared/recipe.md measured one blob for every condition at the budgets of a CPU, and
recognisable products in 22 minutes this way.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ecomgen.models.discriminator import DiscriminatorConfig, PatchDiscriminator
from ecomgen.models.encoder import Encoder, EncoderConfig
from ecomgen.models.layers import shrink
from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.synthesis import Synthesis
from ecomgen.training import losses, processes, steps
from ecomgen.training.device import Compute
from ecomgen.training.grid import save_grid
from ecomgen.training.loop import (
    Run,
    Session,
    descend,
    spend_budget,
)

_BASE_PHOTOS = 8192
"""As many photos are enough for the principal components."""


@dataclass(frozen=True)
class AutoencoderConfig:
    """Budget and weights of the autoencoder phase; weights are per mean absolute difference in [-1, 1].

    `learn_codes = false` leaves the encoder at the principal components, which saves a CPU the time of teaching it.
    """

    images: int = 250_000
    batch: int = 64
    rate: float = 2e-3
    pixels: float = 500.0
    gradients: float = 400.0
    kl: float = 0.25
    adversarial: float = 12.0
    features: float = 30.0
    adversary_from: float = 0.25
    adversary_rate: float = 2e-3
    learn_codes: bool = True
    half_life: float = 8_000.0
    save_seconds: float = 300.0
    log_every: int = 20
    seed: int = 1


class AutoencoderRun(Run):
    """Networks, averages and optimisers of one run; `step` learns from one batch, `state` is all of it as tensors."""

    def __init__(
        self,
        config: AutoencoderConfig,
        generator: GeneratorConfig,
        encoder: EncoderConfig,
        discriminator: DiscriminatorConfig,
        photos: Tensor,
        compute: Compute,
        compiled: bool = False,
    ) -> None:
        super().__init__(config.images, config.batch)
        steps.seed_step(config.seed, 0)
        self.config, self.photos, self.compute = config, photos, compute
        self.synthesis = Synthesis(generator).to(compute.device)
        self.encoder = Encoder(encoder).to(compute.device)
        self.adversary = PatchDiscriminator(discriminator).to(compute.device)
        for module in (self.synthesis, self.encoder, self.adversary):
            module.to(memory_format=torch.channels_last)
        self.average_synthesis = copy.deepcopy(self.synthesis).eval().requires_grad_(False)
        self.average_encoder = copy.deepcopy(self.encoder).eval().requires_grad_(False)
        self.optimizer = steps.scaled_adam([self.synthesis, self.encoder], config.rate, (0.5, 0.99))
        self.adversary_optimizer = steps.scaled_adam([self.adversary], config.adversary_rate, (0.5, 0.99))
        # Compiled modules share the parameters above; only the calls differ.
        wrap = torch.compile if compiled else lambda module: module
        self._synthesize, self._encode, self._judge = (
            wrap(self.synthesis),
            wrap(self.encoder),
            wrap(self.adversary),
        )

    @torch.no_grad()
    def start_bases(self) -> None:
        """Fit the fixed bases of encoder and synthesis to the photos: whitened principal components.

        Components that the photos do not have (fewer photos than w has dimensions) stay out of the picture.
        """
        photos, size, w_dim = self.photos, self.synthesis.config.base_size, self.synthesis.config.w_dim
        drawn = torch.randperm(len(photos), generator=torch.Generator().manual_seed(0))[:_BASE_PHOTOS]
        x = shrink(to_tensor(photos[drawn]), size).flatten(1)
        mean = x.mean(0)
        rank = min(w_dim, *x.shape)
        steps.seed_step(self.config.seed, 0)  # the decomposition starts from random directions
        _, spread, directions = torch.svd_lowrank(x - mean, q=rank, niter=4)
        deviation = (spread / len(x) ** 0.5).clamp(min=1e-3)
        components = torch.zeros_like(self.synthesis.base.weight)
        components[:, :rank] = directions * deviation
        for synthesis in (self.synthesis, self.average_synthesis):
            synthesis.set_base(components, mean)
        for encoder in (self.encoder, self.average_encoder):
            encoder.base.weight.zero_()[:rank] = (directions / deviation).t()
            encoder.base.bias.zero_()[:rank] = -(directions / deviation).t() @ mean
            # Every component is as uncertain in the picture as half of the weakest one is strong.
            encoder.leave.bias[w_dim : w_dim + rank] = 2 * (0.5 * deviation[-1] / deviation).log()

    def start_from(self, synthesis: Synthesis, encoder: Encoder) -> None:
        """Begin with the weights of other networks; optimisers start afresh. Of a synthesis for larger pictures the part that
        draws these is taken. RuntimeError or KeyError for another shape."""
        larger = synthesis.state_dict()
        for own in (self.synthesis, self.average_synthesis):
            own.load_state_dict({name: larger[name] for name in own.state_dict()})
        for own_encoder in (self.encoder, self.average_encoder):
            own_encoder.load_state_dict(encoder.state_dict())

    def step(self) -> dict[str, float]:
        config = self.config
        rows = processes.mine(steps.batch_indices(len(self.photos), config.batch, self.done, config.seed))
        photos = to_tensor(self.photos[rows]).to(self.compute.device)
        steps.seed_step(config.seed, self.done + 1)
        ramp = min(max((self.progress - config.adversary_from) / 0.05, 0.0), 1.0)
        factor = steps.falling(self.progress)
        steps.set_rate(self.optimizer, config.rate * factor)
        steps.set_rate(self.adversary_optimizer, config.adversary_rate * max(factor, 0.3))

        top, left = torch.randint(photos.shape[-1], (2,)).tolist()
        with self.compute.autocast():
            with torch.set_grad_enabled(config.learn_codes):
                mean, log_variance = self._encode(photos)
            noise = processes.normal(mean.shape, dtype=mean.dtype, device=mean.device)
            w = mean + noise * (0.5 * log_variance).exp()
            fake = self._synthesize(w)
            judged = None
            if ramp > 0:
                self.adversary.requires_grad_(False)
                judged = self._judge(part_of(fake, top, left))
                with torch.no_grad():
                    _, real_features = self._judge(part_of(photos, top, left))
        fake32 = fake.float()
        parts = {
            "pixels": losses.multiscale_l1(fake32, photos),
            "gradients": losses.gradient_l1(fake32, photos),
            "kl": losses.kl_to_standard_normal(mean, log_variance),
        }
        total = (
            config.pixels * parts["pixels"] + config.gradients * parts["gradients"] + config.kl * parts["kl"]
        )
        if judged is not None:
            parts["adversarial"] = losses.hinge_generator(judged[0].float())
            parts["features"] = losses.feature_distance(judged[1], real_features)
            total = total + ramp * (
                config.adversarial * parts["adversarial"] + config.features * parts["features"]
            )
        descend(total, self.optimizer)

        if judged is not None:
            self.adversary.requires_grad_(True)
            with self.compute.autocast():
                pairs = torch.cat([photos, fake.detach().to(photos.dtype)])
                logits, _ = self._judge(part_of(pairs, top, left))
            real_logits, fake_logits = logits.float().chunk(2)
            parts["adversary"] = losses.hinge_discriminator(real_logits, fake_logits)
            descend(parts["adversary"], self.adversary_optimizer)

        self.done += 1
        decay = steps.average_decay(self.images, config.batch, config.half_life)
        steps.update_average(self.average_synthesis, self.synthesis, decay)
        steps.update_average(self.average_encoder, self.encoder, decay)
        return {"loss": float(total.detach()), **{name: float(part.detach()) for name, part in parts.items()}}

    def parts(self) -> dict[str, Any]:
        return {
            "synthesis": self.synthesis,
            "encoder": self.encoder,
            "adversary": self.adversary,
            "average_synthesis": self.average_synthesis,
            "average_encoder": self.average_encoder,
            "optimizer": self.optimizer,
            "adversary_optimizer": self.adversary_optimizer,
        }


def part_of(pictures: Tensor, top: int, left: int) -> Tensor:
    """A quarter of the pictures: the adversary judges patches anyway, and a quarter costs a quarter.

    The quarter goes round the edges: if it did not, the middle would be in all of them, and get dots of its own.
    """
    half = pictures.shape[-1] // 2
    return pictures.roll((-top, -left), (2, 3))[..., :half, :half]


def to_tensor(photos: Tensor) -> Tensor:
    """uint8 photos [n, s, s, 3] -> float [n, 3, s, s] in [-1, 1]."""
    return photos.permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)


def train_autoencoder(
    run: AutoencoderRun,
    session: Session,
) -> bool:
    """Train until the budget is spent; False when `should_stop` ended it early.

    Writes out/log.jsonl, out/state/ (exact resume) and out/reconstructions.png (photos above their pictures).
    """
    config = run.config
    rows = torch.linspace(0, len(run.photos) - 1, 32).long()
    shown = to_tensor(run.photos[rows]).to(run.compute.device)

    def save_reconstructions() -> None:
        with torch.no_grad():
            drawn = run.average_synthesis(run.average_encoder(shown)[0])
        lines = [pictures.view(4, 8, *pictures.shape[1:]) for pictures in (shown, drawn)]
        save_grid(torch.cat(lines, 1).flatten(0, 1), session.out / "reconstructions.png", columns=8)

    return spend_budget(
        run, session, "autoencoder", "Learning to draw products", config.log_every,
        config.save_seconds, save_reconstructions,
    )  # fmt: skip
