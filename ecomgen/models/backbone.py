"""The image backbone: torchvision's ResNet-18 without its last stage, for small pictures of products."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet

from ecomgen.errors import ConfigError

_LAYOUT = torch.channels_last


@dataclass(frozen=True)
class BackboneConfig:
    """`size`: side of the square pictures; `blocks`: residual blocks in each of the three stages (64, 128, 256 channels)."""

    size: int = 64
    blocks: tuple[int, ...] = (2, 2, 2)

    def __post_init__(self) -> None:
        if len(self.blocks) != 3 or min(self.blocks) < 1 or self.size < 16:
            raise ConfigError(
                "A backbone has three stages of at least one block, and pictures of at least 16 px."
            )


class Backbone(nn.Module):
    """Pictures [n, 3, size, size], RGB in [-1, 1], the product on its own border colour -> features [n, 256] (He et al. 2016).

    The last stage (512 channels) is left out: of small pictures little is left to see there, and it holds three
    quarters of the weights.
    """

    features = 256

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.config = config
        self.net = ResNet(BasicBlock, [*config.blocks, 1])
        self.net.layer4 = nn.Sequential()
        self.net.fc = nn.Identity()
        self.to(memory_format=_LAYOUT)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.net(pictures.contiguous(memory_format=_LAYOUT)).float()
