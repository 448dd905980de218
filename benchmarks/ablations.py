"""What each part of the last phase is worth: the same short run without it, from the same start, scored alike.

    python benchmarks/ablations.py --start FOLDER [--images 1280] [--only whole,critic] [--out FILE]
                                   [--config configs/generator-128.toml] [--data ../shared/data/fashion-80.zip]

The last line is one JSON object: for every variant the Fréchet and kernel distance of 1,000 pictures to held-out photos in the
judge's features, the same of full-size parts (detail), and the accuracy of category. `start` is a checkpoint that the
configuration can grow from, with its adversaries beside it; every variant goes on from these with the same batches for
as many drawn pictures. With --out each variant's line is kept as it comes, and variants that are there are not run again.
What begins with "with" exists only here: it lost. That is photos beside the words of others as examples of what is wrong (Reed
et al. 2016). R1 and R2 are gradient penalties (Mescheder et al. 2018; Roth et al. 2017).
"""

import argparse
import copy
import dataclasses
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ecomgen.models.checkpoint import Checkpoint, load_checkpoint
from ecomgen.models.recogniser import load_recogniser
from ecomgen.models.stylegan import Generator
from ecomgen.settings import bundled
from ecomgen.training.adversarial import AdversarialRun, train_adversarial
from ecomgen.training.adversaries import load_adversaries
from ecomgen.training.config import load_config
from ecomgen.training.device import choose_compute
from ecomgen.training.evaluation import (
    EvaluationOptions,
    Large,
    Reference,
    evaluate_generator,
    look_at_photos,
    read_large,
)
from ecomgen.training.generator import GeneratorTraining
from ecomgen.training.growing import grow
from ecomgen.training.lessons import Words, prepare
from ecomgen.training.loop import Session
from ecomgen.training.photos import Photos, read_photos

PICTURES = 1000


class MismatchedRun(AdversarialRun):
    """The critic is also shown photos beside what was asked for another row, half as strongly."""

    def judge_wholes(
        self, real_stages: list[Tensor], drawn_stages: list[Tensor], c: Tensor, picked: Tensor
    ) -> Tensor:
        own = self.lesson.numbers[self.drawn.rows[picked].cpu()]
        asked = own.masked_fill(~self.drawn.known[picked].cpu(), -1).roll(1, 0)
        wrong = ((asked >= 0) & (own >= 0) & (asked != own)).any(1).float().to(c.device)
        beside = [F.relu(1 + logits.float()).mean(1) for logits in self.critic(real_stages, c.roll(1, 0))]
        mismatched = (torch.stack(beside).mean(0) * wrong).sum() / wrong.sum().clamp(min=1)
        return super().judge_wholes(real_stages, drawn_stages, c, picked) + 0.5 * mismatched


VARIANTS: dict[str, tuple[type[AdversarialRun], dict[str, float]]] = {
    "whole": (AdversarialRun, {}),
    "without the critic": (AdversarialRun, {"critic": 0.0}),
    "without the patch discriminator": (AdversarialRun, {"patches": 0.0, "features": 0.0}),
    "without the perceptual term": (AdversarialRun, {"perceptual": 0.0}),
    "without reconstructions": (
        AdversarialRun,
        {"pixels": 0.0, "gradients": 0.0, "perceptual": 0.0, "features": 0.0},
    ),
    "with mismatched negatives": (MismatchedRun, {}),
    "without R1 and R2": (AdversarialRun, {"gamma": 0.0}),
    "R1 and R2 ten times as strong": (AdversarialRun, {"gamma": 10.0}),
}


@dataclasses.dataclass(frozen=True)
class Bench:
    """What all variants share."""

    config: GeneratorTraining
    start: Checkpoint
    photos: Photos
    prepared: tuple[Any, ...]
    reference: Reference
    large: Large | None


def measure(bench: Bench, synthesis: torch.nn.Module) -> dict[str, float]:
    """Scores of the start's words and mapping with this synthesis network."""
    generator = Generator(bench.config.generator)
    generator.condition, generator.mapping = bench.start.generator.condition, bench.start.generator.mapping
    generator.synthesis.load_state_dict(synthesis.state_dict())
    checkpoint = dataclasses.replace(bench.start, generator=generator.eval().requires_grad_(False))
    judge, _ = load_recogniser(bundled("checkpoints") / "judge")
    options = EvaluationOptions(PICTURES)
    result = evaluate_generator(checkpoint, judge, bench.photos, bench.reference, options, large=bench.large)
    scores = result["scores"]
    names = [name for name in ("fd", "kid", "detail_fd", "accuracy_category") if name in scores]
    return {name: scores[name]["generated"] for name in names}


def short_run(bench: Bench, name: str) -> dict[str, Any]:
    kind, weights = VARIANTS[name]
    synthesis = Generator(bench.config.generator).synthesis
    grow(bench.start.generator.synthesis, synthesis)
    lesson, drawn, _ = bench.prepared
    backbone = load_recogniser(bundled("checkpoints") / "vision")[0].backbone
    critic = dataclasses.replace(bench.config.critic, cond_dim=bench.config.generator.cond_dim)
    run = kind(
        dataclasses.replace(bench.config.adversarial, **weights), synthesis, bench.config.discriminator, critic,
        backbone, copy.copy(lesson), drawn, choose_compute(bench.config.precision), bench.config.compile,
    )  # fmt: skip
    load_adversaries(Path(bench.config.start), run.adversary, run.critic)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as out:
        train_adversarial(run, Session(Path(out)))
    seconds = time.monotonic() - start
    return {"variant": name, **measure(bench, run.average_synthesis), "seconds": round(seconds, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--images", type=int, default=1280)
    parser.add_argument("--only", default=",".join(VARIANTS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--config", type=Path, default=Path("configs/generator-128.toml"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data/fashion-80.zip"))
    options = parser.parse_args()

    config = load_config(options.config, GeneratorTraining)
    config = dataclasses.replace(
        config,
        start=str(options.start),
        compile=False,
        adversarial=dataclasses.replace(
            config.adversarial, images=options.images, half_life=options.images / 5, save_seconds=1e9
        ),
    )
    start = load_checkpoint(options.start)
    photos = read_photos(config.data, options.data, config.encoder.size)
    words = Words(
        start.generator.condition, start.generator.mapping, start.vocabulary, start.schema, start.counts, start.text_encoder
    )  # fmt: skip
    compute = choose_compute(config.precision)
    prepared = prepare(
        config.adversarial,
        config.data,
        options.data,
        photos,
        config.generator.size,
        words,
        start.encoder,
        compute,
    )
    judge, _ = load_recogniser(bundled("checkpoints") / "judge")
    detail = Path(config.data.detail) if config.data.detail else None
    large = read_large(photos, config.generator.size, config.data.trim, detail, config.data.detail_aspect)
    bench = Bench(config, start, photos, prepared, look_at_photos(judge, photos), large)

    lines = (
        [json.loads(line) for line in options.out.read_text().splitlines()]
        if options.out and options.out.exists()
        else []
    )

    def keep(line: dict[str, Any]) -> None:
        print(line, flush=True)
        lines.append(line)
        if options.out:
            options.out.write_text("".join(json.dumps(each) + "\n" for each in lines))

    wanted = [name.strip() for name in options.only.split(",")]
    done = {line["variant"] for line in lines}
    if "start" not in done:
        synthesis = Generator(config.generator).synthesis
        grow(start.generator.synthesis, synthesis)
        keep({"variant": "start", **measure(bench, synthesis)})
    for name in wanted:
        if name not in done:
            keep(short_run(bench, name))
    print(
        json.dumps(
            {
                "start": start.hash,
                "images": options.images,
                "pictures": PICTURES,
                "device": str(compute.device),
                "variants": lines,
            }
        )
    )


if __name__ == "__main__":
    main()
