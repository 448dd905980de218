"""The critic: does a picture look real, and like what was asked, judged by what a frozen backbone sees in it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ecomgen.models.layers import ScaledConv, ScaledLinear, activate


@dataclass(frozen=True)
class CriticConfig:
    """`width` of the head on each stage of the backbone, and the length of the condition vectors."""

    width: int = 96
    cond_dim: int = 256
    stages: tuple[int, ...] = (64, 128, 256)


class Critic(nn.Module):
    """Stages of a backbone and conditions c [n, cond_dim] -> for each stage one logit a place, [n, places].

    Small heads on frozen features (Projected GAN, Sauer et al. 2021), with the condition by projection (Miyato & Koyama 2018).
    `scale` is the size of each stage's features in real photos.
    """

    scale: Tensor

    def __init__(self, config: CriticConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.enter = nn.ModuleList(ScaledConv(channels, width, 1) for channels in config.stages)
        self.mix = nn.ModuleList(ScaledConv(width, width, 3, padding=1) for _ in config.stages)
        self.leave = nn.ModuleList(ScaledConv(width, 1, 1) for _ in config.stages)
        self.condition = nn.ModuleList(ScaledLinear(config.cond_dim, width) for _ in config.stages)
        self.register_buffer("scale", torch.ones(len(config.stages)))

    def forward(self, stages: list[Tensor], c: Tensor) -> list[Tensor]:
        logits = []
        heads = zip(self.enter, self.mix, self.leave, self.condition, self.scale, strict=True)
        for x, (enter, mix, leave, condition, scale) in zip(stages, heads, strict=True):
            x = activate(mix(activate(enter(x / scale))))
            match = (x * condition(c)[:, :, None, None]).sum(1) * self.config.width**-0.5
            logits.append((leave(x)[:, 0] + match).flatten(1))
        return logits
