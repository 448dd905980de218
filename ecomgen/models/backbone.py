"""The image backbone: torchvision's ResNet-18 without its last stage, for small pictures of products."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet

from ecomgen.errors import CheckpointError, ConfigError

CONFIG, WEIGHTS = "config.json", "model.safetensors"
INPUT = {"layout": "RGB, square, the product trimmed and centred on its own border colour", "range": [-1, 1]}

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

    def stages(self, pictures: Tensor) -> list[Tensor]:
        """What each stage makes of the pictures: [n, 64, s / 4, s / 4], [n, 128, s / 8, s / 8], [n, 256, s / 16, s / 16]."""
        net = self.net
        x = net.maxpool(net.relu(net.bn1(net.conv1(pictures.contiguous(memory_format=_LAYOUT)))))
        found = []
        for stage in (net.layer1, net.layer2, net.layer3):
            x = stage(x)
            found.append(x)
        return found


def save_backbone(folder: Path, backbone: Backbone) -> None:
    """Write config.json and model.safetensors (fp16); other files in `folder` stay."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        k: (t.half() if t.is_floating_point() else t).contiguous().clone()
        for k, t in backbone.state_dict().items()
    }
    save_file(tensors, folder / WEIGHTS)
    plain = {"kind": "backbone", **dataclasses.asdict(backbone.config), "input": INPUT}
    (folder / CONFIG).write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")


def load_backbone(folder: Path) -> Backbone:
    """Read what `save_backbone` wrote, in eval mode. Raises CheckpointError."""
    try:
        plain = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        backbone = Backbone(BackboneConfig(int(plain["size"]), tuple(plain["blocks"])))
        backbone.load_state_dict(load_file(folder / WEIGHTS))
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no backbone in {folder}.") from error
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, ConfigError) as error:
        raise CheckpointError(
            f"The backbone in {folder} is damaged or not of this version of ecomgen."
        ) from error
    return backbone.float().eval()
