"""Training a recogniser: photos to attributes, supervised; with a text encoder beside it also contrastively (contrast.py)."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ecomgen.data.products import Product, is_held_out
from ecomgen.errors import DataError
from ecomgen.models.backbone import BackboneConfig, load_backbone
from ecomgen.models.recogniser import (
    Recogniser,
    RecogniserConfig,
    class_numbers,
    load_recogniser,
    save_recogniser,
)
from ecomgen.schema import Schema, default_schema
from ecomgen.training import steps
from ecomgen.training.augment import AugmentConfig, augment
from ecomgen.training.autoencoder import to_tensor
from ecomgen.training.contrast import TextSide
from ecomgen.training.device import Compute, choose_compute
from ecomgen.training.generator import count_values
from ecomgen.training.lexicon import Lexicon
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
from ecomgen.training.photos import DataConfig, read_photos
from ecomgen.training.runlog import write_metrics
from ecomgen.training.text import TextConfig, Titles, finish_text

_CALIBRATION = 0.01
"""Share of the photos that is kept from training for the temperatures, besides what is held out for measuring."""


@dataclass(frozen=True)
class RecogniserTraining:
    """A whole run, as `configs/judge.toml` states it.

    `start`: folder of a backbone to begin with ("" is random weights). `text`: folder of a text encoder that learns along,
    contrastively ("" is none), after the share `text_from` of the budget, and is saved beside the recogniser as `text`.
    `small`: the share of the budget that is spent on views of three quarters of the side, which cost half.
    """

    sets: tuple[str, ...] = ()
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    start: str = ""
    images: int = 250_000
    batch: int = 128
    rate: float = 2e-3
    small: float = 0.0
    start_rate: float = 1.0  # of the rate, for a backbone that is not random
    weight_decay: float = 0.02
    smoothing: float = 0.05
    text: str = ""
    text_from: float = 0.0
    text_rate: float = 0.2  # of the rate
    contrast: float = 1.0  # weight of telling which text belongs to which photo
    reading: float = 1.0  # weight of reading prompts as before
    kept: float = 4.0  # weight of the vectors that generators were trained with
    least: int = 20  # a value with fewer photos is "something else"
    held_out: float = 0.05
    free_prompts: str = ""  # as in configs/text.toml: only measured
    seed: int = 0
    precision: str = "auto"


@dataclass(frozen=True)
class LabelledPhotos:
    """Photos in memory (uint8 [n, s, s, 3]) with the products that they show."""

    pixels: Tensor
    products: list[Product]


def read_labelled(sets: Sequence[Path], size: int, held_out: float) -> tuple[LabelledPhotos, LabelledPhotos]:
    """All sets together, framed as the generator's photos are: those to learn from, and those held out.

    A set that is named several times is learnt from as many times as often. Raises DataError.
    """
    if not sets:
        raise DataError("Name a product set to learn from, with --data or in the configuration.")
    read = {path: read_photos(DataConfig(held_out=held_out), path, size) for path in sets}
    return (
        LabelledPhotos(
            torch.cat([read[path].train for path in sets]),
            [x for path in sets for x in read[path].train_products],
        ),
        LabelledPhotos(
            torch.cat([each.held_out for each in read.values()]),
            [x for each in read.values() for x in each.held_out_products],
        ),
    )


class RecogniserRun(Run):
    """The recogniser, its optimiser and how far it is."""

    def __init__(
        self,
        config: RecogniserTraining,
        recogniser: Recogniser,
        photos: LabelledPhotos,
        compute: Compute,
        text: TextSide | None = None,
    ) -> None:
        super().__init__(config.images, config.batch)
        self.config, self.compute = config, compute
        self.recogniser = recogniser.to(compute.device).train()
        self.text = text.to(compute.device) if text else None
        self.pixels = photos.pixels
        self.classes = class_numbers(recogniser.config, [p.attributes for p in photos.products])
        backbone = list(recogniser.backbone.parameters())
        rest = [*recogniser.heads.parameters(), *recogniser.joint.parameters()]
        shares = [(backbone, config.start_rate if config.start else 1.0), (rest, 1.0)]
        self.optimizer = torch.optim.AdamW(
            [{"params": parameters, "scale": share} for parameters, share in shares],
            lr=config.rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        if self.text:
            self.text_optimizer = torch.optim.AdamW(
                self.text.parameters(), betas=(0.9, 0.98), weight_decay=config.weight_decay, fused=True
            )

    def parts(self) -> dict[str, Any]:
        parts: dict[str, Any] = {"recogniser": self.recogniser, "optimizer": self.optimizer}
        return parts | ({"text": self.text, "text_optimizer": self.text_optimizer} if self.text else {})

    def step(self) -> dict[str, float]:
        config = self.config
        rows = steps.batch_indices(len(self.pixels), self.batch, self.done, config.seed)
        steps.seed_step(config.seed, self.done)
        steps.set_rate(self.optimizer, config.rate * steps.falling(self.progress, warmup=0.03, floor=0.005))
        text = self.text if self.progress >= config.text_from else None
        side = config.backbone.size * 3 // 4 if self.progress < config.small else 0
        photos = to_tensor(self.pixels[rows]).to(self.compute.device)
        photos = augment(photos, replace(config.augment, side=side))
        with self.compute.autocast():
            features = self.recogniser.backbone(photos)
        parts = attribute_losses(self.recogniser, features, self.classes, rows, config.smoothing)
        loss = torch.stack(list(parts.values())).sum()
        if text:
            since = (self.progress - config.text_from) / (1 - config.text_from)
            steps.set_rate(
                self.text_optimizer,
                config.rate * config.text_rate * steps.falling(since, warmup=0.03, floor=0.01),
            )
            self.text_optimizer.zero_grad(set_to_none=True)
            vectors = self.recogniser.describe(features)
            with self.compute.autocast():
                more = text.losses(vectors, rows, random.Random(f"{config.seed} {self.done}"))
            loss = loss + sum(getattr(config, name) * part for name, part in more.items())
            parts |= more
        descend(loss, self.optimizer)
        if text:
            torch.nn.utils.clip_grad_norm_(text.parameters(), 1.0)
            self.text_optimizer.step()
        self.done += 1
        return {"loss": float(loss.detach()), **{n: float(part.detach()) for n, part in parts.items()}}


def attribute_losses(
    recogniser: Recogniser, features: Tensor, classes: dict[str, Tensor], rows: Tensor, smoothing: float
) -> dict[str, Tensor]:
    """Cross-entropy of each attribute over the photos that say it; 0 where none of the batch does."""
    result = {}
    for name, logits in recogniser.logits(features).items():
        wanted = classes[name][rows].to(logits.device)
        known = wanted >= 0
        result[name] = (
            F.cross_entropy(logits[known], wanted[known], label_smoothing=smoothing)
            if known.any()
            else logits.sum() * 0
        )
    return result


def train_recogniser(
    config: RecogniserTraining,
    data: Sequence[Path],
    out: Path,
    resume: bool = False,
    should_stop: ShouldStop = never,
    update_progress: UpdateProgress = quietly,
) -> bool:
    """Train on the sets in `data` and write the checkpoint to `out`; False when `should_stop` ended it early.

    metrics.json gets accuracy and calibration on the photos held out. Raises DataError, CheckpointError.
    """
    session = Session(out, resume, should_stop, update_progress)
    session.begin()
    update_progress("Reading the photos", 0.0)
    kept, held_out = read_labelled(data, config.backbone.size, config.held_out)
    learnt, calibration = split_calibration(kept, config.held_out)
    schema = default_schema()
    compute = choose_compute(config.precision)
    torch.manual_seed(config.seed)
    text = start_beside(config, data[0], learnt.products) if config.text else None
    recogniser = new_recogniser(config, learnt.products, schema, text.encoder.dim if text else 256)
    run = RecogniserRun(config, recogniser, learnt, compute, text)
    if not spend_budget(run, session, "recogniser", "Learning to recognise products"):
        return False
    recogniser = recogniser.cpu().eval().requires_grad_(False)
    calibrate(recogniser, calibration)
    save_recogniser(out, recogniser, schema)
    recogniser, _ = load_recogniser(out)  # as it will be used, in half the precision
    if text:
        beside = run.images - round(config.text_from * config.images)
        finish_beside(text, config, out.with_name("text"), beside)
    metrics = {
        "training": {
            "sets": [path.name for path in data],
            "photos": len(learnt.products),
            "held_out": len(held_out.products),
            "images": run.images,
            "precision": str(compute.dtype).removeprefix("torch."),
            "device": compute.device.type,
        },
        "hash": recogniser.hash(),
        "held_out": measure(recogniser, held_out),
    }
    write_metrics(out, metrics)
    update_progress("Done", 1.0)
    return True


def start_beside(config: RecogniserTraining, titles: Path, products: Sequence[Product]) -> TextSide:
    """The text encoder that learns along; `titles`: the set whose titles it goes on reading."""
    known = Titles(Lexicon(default_schema()), titles, _reading(config))
    return TextSide(Path(config.text), known, products, config.batch, config.smoothing, config.seed)


def finish_beside(text: TextSide, config: RecogniserTraining, out: Path, images: int) -> None:
    """Save the text encoder that learnt along to `out`; its metrics.json goes on from that of the encoder it started as."""
    before = Path(config.text) / "metrics.json"
    training = json.loads(before.read_text())["training"] if before.is_file() else {}
    out.mkdir(parents=True, exist_ok=True)
    measured = finish_text(text.encoder.cpu(), text.titles, text.kept, _reading(config), out)
    write_metrics(out, {"training": {**training, "beside_photos": images}, **measured})


def _reading(config: RecogniserTraining) -> TextConfig:
    return TextConfig(held_out=config.held_out, seed=config.seed, free_prompts=config.free_prompts)


def new_recogniser(
    config: RecogniserTraining, products: Sequence[Product], schema: Schema, dim: int = 256
) -> Recogniser:
    """A recogniser of the values that have enough photos; its backbone random, or that of the checkpoint `start`."""
    counts = count_values(list(products), schema, config.least)
    values = {name: tuple(found) for name, found in counts.items()}
    recogniser = Recogniser(RecogniserConfig(config.backbone, values, dim))
    if config.start:
        recogniser.backbone.load_state_dict(load_backbone(Path(config.start)).state_dict())
    return recogniser


def split_calibration(photos: LabelledPhotos, held_out: float) -> tuple[LabelledPhotos, LabelledPhotos]:
    """The photos to learn from, and a few that only set the temperatures."""

    mask = torch.tensor([is_held_out(p.name, held_out + _CALIBRATION) for p in photos.products])

    def part(chosen: Tensor) -> LabelledPhotos:
        products = [p for p, inside in zip(photos.products, chosen.tolist(), strict=True) if inside]
        return LabelledPhotos(photos.pixels[chosen], products)

    return part(~mask), part(mask)


@torch.inference_mode()
def calibrate(recogniser: Recogniser, photos: LabelledPhotos) -> None:
    """Set the temperatures that make the confidence honest on photos not trained on (Guo et al. 2017)."""
    if not photos.products:
        return
    classes = class_numbers(recogniser.config, [p.attributes for p in photos.products])
    logits = recogniser.logits(recogniser.features(to_tensor(photos.pixels)))
    grid = torch.logspace(-0.7, 0.7, 60)
    for i, (name, rows) in enumerate(logits.items()):
        known = classes[name] >= 0
        if known.any():
            losses = torch.stack([F.cross_entropy(rows[known] / t, classes[name][known]) for t in grid])
            recogniser.temperatures[i] = grid[losses.argmin()]


def measure(recogniser: Recogniser, photos: LabelledPhotos) -> dict[str, dict[str, float]]:
    """Per attribute: `accuracy` (0..1) over the photos that say it, how many those are, and the mean confidence there."""
    classes = class_numbers(recogniser.config, [p.attributes for p in photos.products])
    result = {}
    for name, probabilities in recogniser.read(to_tensor(photos.pixels)).items():
        known = classes[name] >= 0
        if known.any():
            confidence, got = probabilities[known].max(dim=1)
            right = got == classes[name][known]
            result[name] = {
                "accuracy": round(float(right.float().mean()), 4),
                "confidence": round(float(confidence.mean()), 4),
                "photos": int(known.sum()),
            }
    return result
