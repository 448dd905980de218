"""The image encoder: a photo -> the latent w that the synthesis network turns back into it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ecomgen.models.layers import ResidualDown, ScaledConv, ScaledLinear, activate, shrink


@dataclass(frozen=True)
class EncoderConfig:
    """`channels[i]` is the width at size / 2**(i + 1) pixels; the last one has to be reached at 4 pixels."""

    channels: tuple[int, ...] = (64, 128, 256, 256)
    base: int = 32
    w_dim: int = 256

    @property
    def size(self) -> int:
        """Side of the square photos, in pixels."""
        return 4 * 2 ** len(self.channels)

    @property
    def base_size(self) -> int:
        """Side of the photo that the fixed part of the latents sees, as the generator's."""
        return min(self.base, self.size)


class Encoder(nn.Module):
    """Photo [n, 3, size, size] in [-1, 1] -> mean and log-variance of w, each [n, w_dim]; larger photos are shrunk.

    The mean is the photo's fixed principal components plus what the convolutions add to them.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = ScaledConv(12, config.channels[0], 3, padding=1)
        self.blocks = nn.ModuleList(
            ResidualDown(a, b) for a, b in zip(config.channels, config.channels[1:], strict=False)
        )
        self.leave = ScaledLinear(16 * config.channels[-1], 2 * config.w_dim)
        nn.init.zeros_(self.leave.weight)
        nn.init.constant_(self.leave.bias[config.w_dim :], -4.0)
        self.base = ScaledLinear(3 * config.base_size**2, config.w_dim).requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = shrink(x, self.config.size)
        base = self.base(shrink(x, self.config.base_size).flatten(1))
        x = self.enter(F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last))
        for block in self.blocks:
            x = block(x)
        mean, log_variance = self.leave(activate(x).flatten(1)).float().chunk(2, -1)
        return base.float() + mean, log_variance.clamp(-12, 4)
