"""Self-supervised pretraining of the backbone: two views of a photo alike, different photos apart, and which way is up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ecomgen.data.products import Product
from ecomgen.errors import CheckpointError, ConfigError
from ecomgen.models.backbone import Backbone, BackboneConfig, load_backbone, save_backbone
from ecomgen.models.recogniser import load_recogniser
from ecomgen.training import steps
from ecomgen.training.augment import AugmentConfig, augment
from ecomgen.training.autoencoder import to_tensor
from ecomgen.training.device import Compute, choose_compute
from ecomgen.training.joint_embedding import OBJECTIVES
from ecomgen.training.loop import (
    Run,
    Session,
    ShouldStop,
    UpdateProgress,
    descend,
    never,
    quietly,
    spend_budget,
)
from ecomgen.training.probe import features_of, linear_probe, nearest_neighbours
from ecomgen.training.recognise import read_labelled
from ecomgen.training.runlog import write_metrics

_PROBED = ("category", "colour")
_PROBE_PHOTOS = 12_000
"""As many training photos are the neighbours and teach the linear probe."""


@dataclass(frozen=True)
class Pretraining:
    """A whole run, as `configs/pretrain.toml` states it; no label is looked at but to measure.

    `start`: "" for random weights, "imagenet" for torchvision's (downloaded), or a folder. `compare`: a recogniser's folder, whose
    supervised backbone of the same size stands beside the result in metrics.json.
    """

    sets: tuple[str, ...] = ()
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    augment: AugmentConfig = field(
        default_factory=lambda: AugmentConfig(area=0.25, light=0.4, hue=0.03, side=48)
    )
    objective: str = "simclr"
    projection: int = 256
    rotation: float = 0.3  # weight of telling which way a picture was turned
    images: int = 100_000
    batch: int = 128
    rate: float = 2e-3
    weight_decay: float = 0.02
    start: str = ""
    compare: str = ""
    held_out: float = 0.05
    seed: int = 0
    precision: str = "auto"

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise ConfigError(
                f"The objective {self.objective!r} is not known; known are: {', '.join(OBJECTIVES)}."
            )


class PretrainingRun(Run):
    """The backbone with what only training needs, the optimiser, and how far it is."""

    def __init__(self, config: Pretraining, backbone: Backbone, pixels: Tensor, compute: Compute) -> None:
        super().__init__(config.images, config.batch)
        self.config, self.compute, self.pixels = config, compute, pixels
        self.backbone = backbone.to(compute.device).train()
        width = config.projection
        self.projector = nn.Sequential(
            nn.Linear(backbone.features, 2 * width), nn.BatchNorm1d(2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        ).to(compute.device)  # fmt: skip
        self.turned = nn.Linear(backbone.features, 4).to(compute.device)
        self.networks = nn.ModuleList([self.backbone, self.projector, self.turned])
        self.optimizer = torch.optim.AdamW(
            self.networks.parameters(), lr=config.rate, weight_decay=config.weight_decay, fused=True
        )

    def parts(self) -> dict[str, Any]:
        return {"networks": self.networks, "optimizer": self.optimizer}

    def step(self) -> dict[str, float]:
        config = self.config
        rows = steps.batch_indices(len(self.pixels), self.batch, self.done, config.seed)
        steps.seed_step(config.seed, self.done)
        steps.set_rate(self.optimizer, config.rate * steps.falling(self.progress, warmup=0.03, floor=0.005))
        photos = to_tensor(self.pixels[rows]).to(self.compute.device)
        views = [augment(photos, config.augment) for _ in range(2)]
        turns = torch.randint(4, (len(rows) // 4,))
        turned = turn_quarters(augment(photos[: len(turns)], config.augment), turns)
        with self.compute.autocast():
            features = self.backbone(torch.cat([*views, turned]))
        seen, seen_turned = features.tensor_split([2 * len(rows)])
        parts = {
            config.objective: OBJECTIVES[config.objective](*self.projector(seen).chunk(2)),
            "rotation": F.cross_entropy(self.turned(seen_turned), turns.to(features.device)),
        }
        loss = parts[config.objective] + config.rotation * parts["rotation"]
        descend(loss, self.optimizer)
        self.done += 1
        return {"loss": float(loss.detach()), **{n: float(part.detach()) for n, part in parts.items()}}


def turn_quarters(pictures: Tensor, turns: Tensor) -> Tensor:
    """Each picture [n, 3, s, s] turned by its number of quarters [n] (Gidaris et al. 2018)."""
    return torch.stack([p.rot90(int(k), (1, 2)) for p, k in zip(pictures, turns, strict=True)])


def pretrain(
    config: Pretraining,
    data: Sequence[Path],
    out: Path,
    resume: bool = False,
    should_stop: ShouldStop = never,
    update_progress: UpdateProgress = quietly,
) -> bool:
    """Train on the photos of the sets in `data`, write the backbone to `out`; False when `should_stop` ended it early.

    metrics.json gets kNN and linear-probe accuracy on held-out photos, where the sets say category and colour, beside
    those of random weights and of the supervised `compare`. Raises DataError, CheckpointError.
    """
    session = Session(out, resume, should_stop, update_progress)
    session.begin()
    update_progress("Reading the photos", 0.0)
    photos, held_out = read_labelled(data, config.backbone.size, config.held_out)
    compute = choose_compute(config.precision)
    run = PretrainingRun(config, starting_backbone(config), photos.pixels, compute)
    if not spend_budget(run, session, "pretraining", "Learning to see products"):
        return False
    save_backbone(out, run.backbone.cpu())
    update_progress("Measuring", 1.0)
    torch.manual_seed(config.seed)
    backbones: dict[str, Backbone] = {
        config.objective: load_backbone(out),
        "random": Backbone(config.backbone).eval(),
    }
    if config.compare:
        backbones["supervised"] = load_recogniser(Path(config.compare))[0].backbone
    chosen = torch.randperm(len(photos.products), generator=torch.Generator().manual_seed(0))[:_PROBE_PHOTOS]
    learnt = [photos.products[i] for i in chosen.tolist()]
    metrics = {
        "training": {
            "sets": [path.name for path in data],
            "photos": len(photos.products),
            "images": run.images,
            "objective": config.objective,
        },
        "held_out": {
            name: measure(each, photos.pixels[chosen], learnt, held_out.pixels, held_out.products)
            for name, each in backbones.items()
        },
    }
    write_metrics(out, metrics)
    update_progress("Done", 1.0)
    return True


def starting_backbone(config: Pretraining) -> Backbone:
    """The backbone to begin with. Raises CheckpointError where it cannot be had."""
    torch.manual_seed(config.seed)
    if config.start == "imagenet":
        return imagenet_backbone(config.backbone)
    if config.start:
        return load_backbone(Path(config.start))
    return Backbone(config.backbone)


def imagenet_backbone(config: BackboneConfig) -> Backbone:
    """torchvision's ResNet-18 weights, as far as the backbone goes (ImageNet's own terms of use apply to them)."""
    from torchvision.models import ResNet18_Weights, resnet18

    backbone = Backbone(config)
    try:
        weights = resnet18(weights=ResNet18_Weights.IMAGENET1K_V1).state_dict()
        own = backbone.net.state_dict()
        backbone.net.load_state_dict({name: weights[name] for name in own})
    except (OSError, KeyError, RuntimeError) as error:
        raise CheckpointError(
            "torchvision's ImageNet weights cannot be downloaded here, or are of another shape; leave `start` empty."
        ) from error
    return backbone


def measure(
    backbone: Backbone,
    pixels: Tensor,
    products: Sequence[Product],
    held_out: Tensor,
    held_out_products: Sequence[Product],
) -> dict[str, dict[str, float]]:
    """Per attribute `knn` and `linear` accuracy (0..1) on the held-out photos; attributes that the sets do not say are left out."""
    features, asked = features_of(backbone, pixels), features_of(backbone, held_out)
    result = {}
    for name in _PROBED:
        values = sorted({v for p in products if (v := p.attributes.get(name))})
        labels, truth = (_numbers(part, name, values) for part in (products, held_out_products))
        known, said = labels >= 0, truth >= 0
        if len(values) > 1 and said.any():
            sets = (features[known], labels[known], asked[said], truth[said])
            result[name] = {"knn": nearest_neighbours(*sets), "linear": linear_probe(*sets)}
    return result


def _numbers(products: Sequence[Product], name: str, values: Sequence[str]) -> Tensor:
    """Number of each product's value, -1 where it has none; a value that was never learnt from counts as wrong."""
    table = {value: i for i, value in enumerate(values)}
    said = [p.attributes.get(name) for p in products]
    return torch.tensor([-1 if v is None else table.get(v, len(values)) for v in said])
