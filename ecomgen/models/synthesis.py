"""The second half of the generator: w [n, w_dim] -> picture [n, 3, size, size].

StyleGAN2's synthesis network (Karras et al. 2020) with smoothed pixel-shuffle upsampling, drawn over a base picture that is linear
in w.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ecomgen.models.layers import ModulatedConv, ScaledConv, ScaledLinear, shrink, smooth
from ecomgen.models.shape import GeneratorConfig


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
    (the output skips of StyleGAN2), so that a network grows by a block that adds nothing yet. A folded network draws its last
    resolution without a block of its own, four pixels from each place of the last block (after MobileStyleGAN, Belousov 2021).
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
        above = [c for i, c in enumerate(config.channels) if 4 * 2**i > config.base_size] or config.channels[
            -1:
        ]
        self.to_rgb = nn.ModuleList(
            ModulatedConv(c, 3, config.w_dim, kernel=1, demodulate=False) for c in above
        )
        self.unfold = (
            ModulatedConv(config.channels[-1], 12, config.w_dim, demodulate=False) if config.folded else None
        )
        for layer in (*self.to_rgb, *filter(None, [self.unfold])):
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
        return torch.cat(
            [self._add_detail(*each) for each in zip(x.split(1), w.split(1), base.split(1), strict=True)]
        )

    def _add_detail(self, x: Tensor, w: Tensor, base: Tensor) -> Tensor:
        """The last blocks, each adding what it draws to the picture."""
        picture = base
        for block, to_rgb in zip(self.blocks[-len(self.to_rgb) :], self.to_rgb, strict=True):
            side = 2 * x.shape[-1]
            x = block(x, w, resized(base, side))
            picture = resized(picture, side) + to_rgb(x, w)
        if self.unfold:
            picture = resized(picture, 2 * picture.shape[-1]) + F.pixel_shuffle(self.unfold(x, w), 2)
        return picture


def resized(pictures: Tensor, size: int) -> Tensor:
    """Pictures [n, c, s, s] at a side of `size`, a power of two away."""
    if pictures.shape[-1] > size:
        return shrink(pictures, size)
    return F.interpolate(pictures, size=size, mode="bilinear") if pictures.shape[-1] < size else pictures
