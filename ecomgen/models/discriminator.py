"""The patch discriminator: which patches of a picture look like a photo, and the features it judges them by."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ecomgen.models.layers import ResidualDown, ScaledConv, activate


@dataclass(frozen=True)
class DiscriminatorConfig:
    """`channels[i]` is the width at size / 2**(i + 1) pixels; the logits have the resolution of the last."""

    channels: tuple[int, ...] = (64, 128, 192)


class PatchDiscriminator(nn.Module):
    """Picture [n, 3, s, s] in [-1, 1] -> logits [n, 1, s / 2**k, s / 2**k] and the features of each resolution."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = ScaledConv(12, config.channels[0], 3, padding=1)
        self.blocks = nn.ModuleList(
            ResidualDown(a, b) for a, b in zip(config.channels, config.channels[1:], strict=False)
        )
        self.leave = ScaledConv(config.channels[-1], 1, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = self.enter(F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last))
        features = [x]
        for block in self.blocks:
            x = block(x)
            features.append(x)
        return self.leave(activate(x)), features

    def parts_from(self, first: int) -> list[nn.Module]:
        """Its layers in order, without the `first` ones."""
        return [self.enter, *self.blocks, self.leave][first:]
