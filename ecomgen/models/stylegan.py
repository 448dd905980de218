"""The generator: attributes and noise -> w (mapping) -> picture (synthesis). StyleGAN's two halves.

    value words --TextEncoder.embed--> [attribute, value] pairs --Condition--> c [n, cond_dim]
    z [n, w_dim], c --FlowMapping--> w [n, w_dim] --Synthesis--> picture [n, 3, size, size] in [-1, 1]

The synthesis network is StyleGAN2's (Karras et al. 2020) with smoothed pixel-shuffle upsampling, drawn over a base picture
that is linear in w. The mapping network learns p(w | c) by conditional flow matching (Lipman et al. 2023) over the latents
of an encoder, see training/mapping.py.
Nothing here depends on how many attributes or values exist: a value never seen before is one more embedded word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ecomgen.errors import ConfigError
from ecomgen.models.layers import ModulatedConv, ScaledConv, ScaledLinear, shrink, smooth


@dataclass(frozen=True)
class GeneratorConfig:
    """Shape of the generator. `channels[i]` is the width at 4 * 2**i pixels; all but the last divide by 4.

    `base` is the side of the base picture; blocks up to 32 px have about as many weights as a picture has numbers.
    `steps` and `guidance` are how the mapping is integrated; they can be changed without training.
    """

    channels: tuple[int, ...] = (320, 320, 192, 96, 32)
    base: int = 32
    w_dim: int = 256
    text_dim: int = 256
    cond_dim: int = 256
    mapping_width: int = 512
    mapping_layers: int = 4
    steps: int = 6
    guidance: float = 2.0

    def __post_init__(self) -> None:
        if any(c % 4 for c in self.channels[:-1]) or len(self.channels) < 2:
            raise ConfigError("The generator needs two channels at least, all but the last multiples of 4.")

    @property
    def size(self) -> int:
        """Side of the square pictures, in pixels."""
        return 4 * 2 ** (len(self.channels) - 1)

    @property
    def base_size(self) -> int:
        """Side of the part of a picture that is linear in w: outlines and colours, not detail."""
        return min(self.base, self.size)

    def up_to(self, size: int) -> GeneratorConfig:
        """The shape of the part that draws pictures of `size`."""
        return replace(self, channels=tuple(c for i, c in enumerate(self.channels) if 4 * 2**i <= size))


class UpBlock(nn.Module):
    """Twice the resolution, a look at the base picture [n, 3, 2 h, 2 h], then styled convolutions.

    [n, c, h, h] -> [n, c_out, 2 h, 2 h].
    """

    def __init__(self, c_in: int, c_out: int, w_dim: int) -> None:
        super().__init__()
        self.look = ScaledConv(3, c_in // 4, 3, padding=1)
        self.convolutions = nn.ModuleList(
            [ModulatedConv(c_in // 4, c_out, w_dim), ModulatedConv(c_out, c_out, w_dim)]
        )

    def forward(self, x: Tensor, w: Tensor, base: Tensor) -> Tensor:
        # [n, c / 4, 2 h, 2 h]: four times fewer channels, so four times cheaper. Smoothed, or neighbours differ as a lattice.
        x = smooth(F.pixel_shuffle(x, 2)) + self.look(base)
        for convolution in self.convolutions:
            x = convolution(x, w)
        return x


class Synthesis(nn.Module):
    """w [n, w_dim] -> picture [n, 3, size, size], nominally in [-1, 1].

    The picture is a fixed base, the principal components of the training photos weighed by w, plus what the styled
    convolutions draw over it; they see the base at every resolution. So outlines and colours are there from the
    first step of training, and what has to be learnt is detail. Each resolution above the base's adds its own detail
    (the output skips of StyleGAN2), so that a network grows by a block that adds nothing yet.
    """

    scale: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.base = ScaledLinear(config.w_dim, 3 * config.base_size**2).requires_grad_(False)
        self.register_buffer("scale", torch.ones(config.w_dim))
        first = config.channels[0]
        self.start = ScaledLinear(config.w_dim, 16 * first)
        self.first = ModulatedConv(first, first, config.w_dim)
        self.blocks = nn.ModuleList(
            UpBlock(a, b, config.w_dim) for a, b in zip(config.channels, config.channels[1:], strict=False)
        )
        above = [c for i, c in enumerate(config.channels) if 4 * 2**i > config.base_size] or config.channels[-1:]
        self.to_rgb = nn.ModuleList(
            ModulatedConv(c, 3, config.w_dim, kernel=1, demodulate=False) for c in above
        )
        for layer in self.to_rgb:
            assert isinstance(layer, ModulatedConv)
            nn.init.zeros_(layer.weight)

    def set_base(self, components: Tensor, mean: Tensor) -> None:
        """The base picture is components [3 * base_size**2, w_dim] @ w + mean.

        The styles are given each latent in proportion to how much it moves the base.
        """
        with torch.no_grad():
            self.base.weight.copy_(components)
            self.base.bias.copy_(mean)
            strength = components.norm(dim=0)
            self.scale.copy_(strength / strength.square().mean().sqrt())

    def forward(self, w: Tensor, one_by_one: bool = True) -> Tensor:
        """`one_by_one` changes the order of the arithmetic only: see below."""
        side = self.config.base_size
        base = self.base(w).view(-1, 3, side, side)
        w = w * self.scale
        x = self.start(w).view(w.shape[0], -1, 4, 4).contiguous(memory_format=torch.channels_last)
        x = self.first(x, w)
        early = len(self.blocks) - len(self.to_rgb)
        for block in self.blocks[:early]:
            x = block(x, w, resized(base, 2 * x.shape[-1]))
        # Large pictures one by one stay in the processor's cache: up to a quarter faster on a CPU of few cores.
        together = not one_by_one or torch.is_grad_enabled() or x.is_cuda
        if together or len(x) == 1:
            return self._add_detail(x, w, base)
        return torch.cat([self._add_detail(*each) for each in zip(x.split(1), w.split(1), base.split(1), strict=True)])

    def _add_detail(self, x: Tensor, w: Tensor, base: Tensor) -> Tensor:
        """The last blocks, each adding what it draws to the picture."""
        picture = base
        for block, to_rgb in zip(self.blocks[-len(self.to_rgb) :], self.to_rgb, strict=True):
            side = 2 * x.shape[-1]
            x = block(x, w, resized(base, side))
            picture = resized(picture, side) + to_rgb(x, w)
        return picture


def resized(pictures: Tensor, size: int) -> Tensor:
    """Pictures [n, c, s, s] at a side of `size`, a power of two away."""
    if pictures.shape[-1] > size:
        return shrink(pictures, size)
    return F.interpolate(pictures, size=size, mode="bilinear") if pictures.shape[-1] < size else pictures


class Condition(nn.Module):
    """Embedded (attribute, value) pairs -> one condition vector; an unspecified attribute uses a learned null value.

    A sum over pairs with shared weights (Deep Sets, Zaheer et al. 2017): any number of attributes, any new value.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.null = nn.Parameter(torch.zeros(config.text_dim))
        self.pair = nn.Sequential(
            ScaledLinear(2 * config.text_dim, 2 * config.cond_dim),
            nn.SiLU(),
            ScaledLinear(2 * config.cond_dim, config.cond_dim),
        )
        self.out = nn.Sequential(
            nn.LayerNorm(config.cond_dim), nn.SiLU(), ScaledLinear(config.cond_dim, config.cond_dim)
        )

    def forward(self, attributes: Tensor, values: Tensor, known: Tensor) -> Tensor:
        """attributes [n, a, text_dim], values [n, a, text_dim], known [n, a] bool -> [n, cond_dim].

        Embeddings are L2-normalised; they are rescaled here to unit variance.
        """
        scale = values.shape[-1] ** 0.5
        values = torch.where(known[..., None], values * scale, self.null)
        return self.out(self.pair(torch.cat([attributes * scale, values], -1)).sum(1))


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


def guided_schedule(
    condition: Condition, mapping: FlowMapping, attributes: Tensor, values: Tensor, known: Tensor
) -> list[Moment]:
    """The moments that go to what is asked, away from what nothing asked would give; shapes as for `Condition`."""
    nothing = condition(attributes[:1], values[:1], torch.zeros_like(known[:1]))
    return mapping.schedule(condition(attributes, values, known), nothing)


class Generator(nn.Module):
    """Condition, mapping and synthesis together."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.condition = Condition(config)
        self.mapping = FlowMapping(config)
        self.synthesis = Synthesis(config)

    def schedule(self, attributes: Tensor, values: Tensor, known: Tensor) -> list[Moment]:
        """How the mapping goes for what is asked; the arguments are those of `Condition`, [n or 1, a, ...]."""
        return guided_schedule(self.condition, self.mapping, attributes, values, known)

    def forward(self, z: Tensor, schedule: list[Moment], psi: float = 1.0) -> Tensor:
        """z [n, w_dim] ~ N(0, 1) -> pictures [n, 3, size, size], nominally in [-1, 1]."""
        return self.synthesis(self.mapping(z, schedule, psi))


class Vocabulary(nn.Module):
    """Embedded attribute names and values, kept with a checkpoint so that it works without the text encoder."""

    attribute: Tensor
    value: Tensor

    def __init__(self, values: Mapping[str, tuple[str, ...]], text_dim: int) -> None:
        super().__init__()
        self.names = tuple(values)
        self.rows = {(a, v): i for i, (a, v) in enumerate((a, v) for a in values for v in values[a])}
        self.register_buffer("attribute", torch.zeros(len(self.names), text_dim))
        self.register_buffer("value", torch.zeros(len(self.rows), text_dim))

    def lookup(self, attributes: list[Mapping[str, str | None]]) -> tuple[Tensor, Tensor, Tensor]:
        """Attributes of n products -> (attributes [n, a, d], values [n, a, d], known [n, a]) for `Condition`.

        A value that is not in the vocabulary counts as unspecified.
        """
        rows = self.numbers(attributes)
        return self.attribute.expand(len(rows), -1, -1), self.value[rows.clamp(min=0)], rows >= 0

    def numbers(self, attributes: Sequence[Mapping[str, str | None]]) -> Tensor:
        """Attributes of n products -> the number of each value [n, a], -1 where it is unspecified or unknown."""
        return torch.tensor(
            [[self.rows.get((name, each.get(name) or ""), -1) for name in self.names] for each in attributes]
        ).view(len(attributes), len(self.names))
