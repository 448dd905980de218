"""The first half of the generator: noise z [n, w_dim] and a condition c [n, cond_dim] -> w [n, w_dim].

It learns p(w | c) by conditional flow matching (Lipman et al. 2023) over the latents of an encoder, see training/mapping.py.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ecomgen.models.layers import ScaledLinear
from ecomgen.models.shape import GeneratorConfig


class Moment(NamedTuple):
    """What the velocity field needs to know of one time and condition; one prompt's pictures share it."""

    keep: Tensor
    gain: Tensor
    enter: Tensor
    modulations: list[tuple[Tensor, Tensor]]


class FlowMapping(nn.Module):
    """z [n, w_dim], c [n, cond_dim] -> w [n, w_dim]: integrates a learned velocity field from noise to latents.

    The field is a residual MLP whose layers are scaled and shifted by time and condition (Peebles & Xie 2023). It
    learns only what differs from the best field for Gaussian latents, which is known in closed form (the
    preconditioning of Karras et al. 2022, for flows), so that an untrained mapping already draws from a Gaussian.
    `scale` is the standard deviation that each latent has in here: those that move the picture more count more.
    """

    mean: Tensor
    std: Tensor
    scale: Tensor
    frequencies: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        width = config.mapping_width
        self.steps, self.guidance = config.steps, config.guidance
        self.register_buffer("mean", torch.zeros(config.w_dim))
        self.register_buffer("std", torch.ones(config.w_dim))
        self.register_buffer("scale", torch.ones(config.w_dim))
        self.register_buffer("frequencies", torch.exp(torch.linspace(0, 5, 32)), persistent=False)
        self.enter = ScaledLinear(config.w_dim, width)
        self.context = nn.Sequential(ScaledLinear(config.cond_dim + 64, width), nn.SiLU())
        self.layers = nn.ModuleList(
            nn.ModuleDict(
                {
                    "norm": nn.LayerNorm(width, elementwise_affine=False),
                    "modulate": nn.Linear(width, 2 * width),
                    "mix": nn.Sequential(ScaledLinear(width, width), nn.SiLU(), nn.Linear(width, width)),
                }
            )
            for _ in range(config.mapping_layers)
        )
        self.leave = nn.Linear(width, config.w_dim)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def moment(self, t: Tensor, c: Tensor) -> Moment:
        """The field at times t [..., n, 1] under conditions c [..., n, cond_dim]; their shapes may broadcast.

        With x = t w + (1 - t) z and w ~ N(0, scale**2), E[w - z | x] = keep x, and gain is the root of the variance.
        """
        angles = t * self.frequencies
        shape = torch.broadcast_shapes(t.shape[:-1], c.shape[:-1])
        times = torch.cat([angles.sin(), angles.cos()], -1)
        context = self.context(torch.cat([c.expand(*shape, -1), times.expand(*shape, -1)], -1))
        modulations = [layer["modulate"](context).chunk(2, -1) for layer in self.layers]  # type: ignore[index]
        enter = ((t * self.scale).square() + (1 - t).square()).rsqrt()
        keep = (t * self.scale.square() - (1 - t)) * enter.square()
        return Moment(keep, self.scale * enter, enter, modulations)

    def velocity(self, x: Tensor, moment: Moment) -> Tensor:
        """d x / d t, where t in [0, 1] runs from noise to latents; x [n, w_dim] is a latent of deviation `scale`."""
        hidden = self.enter(x * moment.enter)
        for layer, (scale, shift) in zip(self.layers, moment.modulations, strict=True):
            hidden = hidden + layer["mix"](torch.addcmul(shift, layer["norm"](hidden), 1 + scale))  # type: ignore[index]
        return torch.addcmul(moment.keep * x, moment.gain, self.leave(hidden))

    def normalise(self, w: Tensor) -> Tensor:
        """w -> the latents of deviation `scale` that the field moves."""
        return (w - self.mean) / self.std * self.scale

    def schedule(self, c: Tensor, nothing: Tensor | None = None) -> list[Moment]:
        """The moments of a whole integration for c [n, cond_dim].

        `nothing` [1, cond_dim] is the condition in which no attribute is known. With it the field is guided: it goes
        `guidance` times as far from what anything would look like to what was asked (Ho & Salimans 2022).
        """
        if nothing is not None:
            c = torch.stack([c, nothing.expand_as(c)])
        n = 2 * self.steps
        times = torch.arange(n, device=c.device) / n
        all_ = self.moment(times.view(n, *[1] * c.ndim), c)
        return [
            Moment(all_.keep[i], all_.gain[i], all_.enter[i], [(a[i], b[i]) for a, b in all_.modulations])
            for i in range(n)
        ]

    def forward(self, z: Tensor, schedule: list[Moment], psi: float = 1.0) -> Tensor:
        """Midpoint integration in `steps` steps; psi in [0, 1] shrinks the noise: less variety, more typical."""
        x = z * psi
        dt = 1.0 / self.steps
        for i in range(self.steps):
            middle = torch.add(x, self._guided(x, schedule[2 * i]), alpha=dt / 2)
            x = torch.add(x, self._guided(middle, schedule[2 * i + 1]), alpha=dt)
        return x / self.scale * self.std + self.mean

    def invert(self, w: Tensor, schedule: list[Moment], rounds: int = 4) -> Tensor:
        """The noise z [n, w_dim] that `forward` turns into about w: its steps undone from the last to the first.

        Each midpoint step is solved by fixed-point iteration. Where the field bends too much for its few steps the
        noise is only near, so whoever edits a picture applies the difference that the edit makes to its w.
        """
        x = self.normalise(w)
        dt = 1.0 / self.steps
        for i in reversed(range(self.steps)):
            after = x
            for _ in range(rounds):
                middle = torch.add(x, self._guided(x, schedule[2 * i]), alpha=dt / 2)
                x = torch.sub(after, self._guided(middle, schedule[2 * i + 1]), alpha=dt)
        return x

    def _guided(self, x: Tensor, moment: Moment) -> Tensor:
        velocity = self.velocity(x, moment)
        return torch.lerp(velocity[1], velocity[0], self.guidance) if velocity.ndim == 3 else velocity
