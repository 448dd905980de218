"""Photos in, attributes and vectors out: the backbone with a softmax an attribute, and its checkpoint folder."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ecomgen.errors import CheckpointError, EcomgenError
from ecomgen.models.backbone import CONFIG, INPUT, WEIGHTS, Backbone, BackboneConfig
from ecomgen.schema import Schema


@dataclass(frozen=True)
class RecogniserConfig:
    """`values`: attribute -> the values it tells apart. `dim`: length of the vectors that `describe` makes."""

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dim: int = 256


class Recogniser(nn.Module):
    """Pictures as `Backbone` takes them -> for each attribute a softmax over [something else, *values].

    "Something else" is what the training photos were labelled with and the schema does not know. `temperatures`
    calibrate the confidence. `describe` puts pictures into the space of the text encoder's `describe`.
    """

    temperatures: Tensor

    def __init__(self, config: RecogniserConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = Backbone(config.backbone)
        width = self.backbone.features
        self.heads = nn.ModuleDict(
            {name: nn.Linear(width, 1 + len(values)) for name, values in config.values.items()}
        )
        self.joint = nn.Linear(width, config.dim, bias=False)
        self.register_buffer("temperatures", torch.ones(len(config.values)))

    @property
    def size(self) -> int:
        """Side of the pictures that it takes."""
        return self.config.backbone.size

    def logits(self, features: Tensor) -> dict[str, Tensor]:
        """Backbone features [n, 256] -> attribute -> logits [n, 1 + values], not yet divided by the temperature."""
        return {name: head(features) for name, head in self.heads.items()}

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        return self.logits(self.backbone(pictures))

    def read(self, pictures: Tensor) -> dict[str, Tensor]:
        """Attribute -> calibrated probabilities [n, 1 + values], 128 pictures at a time."""
        return self.probabilities(self.features(pictures))

    @torch.inference_mode()
    def probabilities(self, features: Tensor) -> dict[str, Tensor]:
        """Backbone features [n, 256] -> attribute -> calibrated probabilities [n, 1 + values]."""
        logits = self.logits(features)
        return {
            name: (logits[name] / self.temperatures[i]).softmax(dim=1) for i, name in enumerate(self.heads)
        }

    @torch.inference_mode()
    def features(self, pictures: Tensor) -> Tensor:
        """Backbone features [n, 256], 128 pictures at a time."""
        return torch.cat([self.backbone(chunk) for chunk in pictures.split(128)])

    def describe(self, features: Tensor) -> Tensor:
        """Backbone features [n, 256] -> L2-normalised vectors [n, dim]."""
        return F.normalize(self.joint(features), dim=-1)

    def hash(self) -> str:
        """12 hex digits that change with any weight."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:12]


def class_numbers(
    config: RecogniserConfig, attributes: Sequence[Mapping[str, str | None]]
) -> dict[str, Tensor]:
    """Attribute -> class of each product [n]: 0 something else, 1.. the values, -1 where the product does not say."""
    result = {}
    for name, values in config.values.items():
        table = {value: i + 1 for i, value in enumerate(values)}
        said = [chosen.get(name) for chosen in attributes]
        result[name] = torch.tensor([-1 if v is None else table.get(v, 0) for v in said])
    return result


def save_recogniser(folder: Path, recogniser: Recogniser, schema: Schema) -> None:
    """Write config.json (sizes, input, values, schema) and model.safetensors (fp16); other files in `folder` stay."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: (t.half() if t.is_floating_point() else t).contiguous().clone()
        for name, t in recogniser.state_dict().items()
    }
    save_file(tensors, folder / WEIGHTS)
    plain = {
        "kind": "recogniser",
        **dataclasses.asdict(recogniser.config),
        "input": INPUT,
        "schema": schema.to_dict(),
    }
    (folder / CONFIG).write_text(json.dumps(plain, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load_recogniser(folder: Path) -> tuple[Recogniser, Schema]:
    """Read what `save_recogniser` wrote, in eval mode, with the schema that names its values. Raises CheckpointError."""
    try:
        plain = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        backbone = BackboneConfig(int(plain["backbone"]["size"]), tuple(plain["backbone"]["blocks"]))
        values = {name: tuple(values) for name, values in plain["values"].items()}
        recogniser = Recogniser(RecogniserConfig(backbone, values, int(plain["dim"])))
        recogniser.load_state_dict(load_file(folder / WEIGHTS))
        schema = Schema.from_dict(plain["schema"])
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no recogniser in {folder}.") from error
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RuntimeError,
        SafetensorError,
        EcomgenError,
    ) as error:
        raise CheckpointError(
            f"The recogniser in {folder} is damaged or not of this version of ecomgen."
        ) from error
    return recogniser.float().eval().requires_grad_(False), schema
