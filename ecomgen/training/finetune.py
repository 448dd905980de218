"""Fine-tuning: a checkpoint learns another product set within given minutes.

    measure   how long a picture takes in each phase, on this machine
    plan      base, set and minutes -> a whole training, kept as plan.json beside the run
    finetune  runs the plan; a resumed run goes on with the plan that was kept

A plan for an adapter is an AdapterTraining, see there. Any other is a GeneratorTraining, which starts from all that the base
knows: synthesis, adversaries, and what words mean. Its principal components make room for those of the set, and its words become
the set's: a word that the base never saw is only one more embedding.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import torch

from ecomgen.data.products import held_out_share, read_products
from ecomgen.errors import ConfigError, DataError
from ecomgen.models.checkpoint import Checkpoint, load_checkpoint
from ecomgen.models.critic import CriticConfig
from ecomgen.models.discriminator import DiscriminatorConfig
from ecomgen.models.recogniser import load_recogniser
from ecomgen.settings import bundled
from ecomgen.training import processes
from ecomgen.training.adapting import AdapterTraining, train_adapter
from ecomgen.training.adversarial import AdversarialConfig, AdversarialRun, Lesson
from ecomgen.training.adversaries import load_adversary
from ecomgen.training.autoencoder import AutoencoderConfig, AutoencoderRun
from ecomgen.training.config import build
from ecomgen.training.device import choose_compute
from ecomgen.training.generator import GeneratorTraining, train_generator
from ecomgen.training.loop import Run, ShouldStop, UpdateProgress, never, quietly
from ecomgen.training.mapping import Drawn, MappingConfig, MappingRun
from ecomgen.training.pace import PACE, keep_pace
from ecomgen.training.photos import DataConfig
from ecomgen.training.selection import SelectionConfig

Method = Literal["full", "freeze", "adapter"]
METHODS: tuple[str, ...] = get_args(Method)

LEAST_PHOTOS = 24
PLAN = "plan.json"

_SHARES = {"autoencoder": 0.5, "mapping": 0.1, "adversarial": 0.4}
"""Of the minutes."""
_ADAPTER_SHARES = {"mapping": 0.3, "adversarial": 0.7}
_MOST_PASSES = {"autoencoder": 400, "mapping": 4_000, "adversarial": 100}
"""More passes over the set than these bring copies of its photos."""
_FROZEN = 2
_LEAST_OF_A_VALUE = 4
_LOOKS = 6
_TIMED = 3


@dataclass(frozen=True)
class Rates:
    """Seconds that a picture, or a latent, takes in each phase."""

    autoencoder: float
    mapping: float
    adversarial: float


def finetune(
    base: Path,
    data: Path,
    out: Path,
    method: str,
    minutes: float,
    title: str = "",
    resume: bool = False,
    should_stop: ShouldStop = never,
    update_progress: UpdateProgress = quietly,
) -> bool:
    """Teach the checkpoint in `base` the product set `data` and write the new one to `out`; False when stopped early.

    Raises CheckpointError, DataError, TrainingError.
    """
    kept = out / PLAN
    if resume and kept.exists():
        config = read_plan(kept)
    else:
        update_progress("Measuring this machine", 0.0)
        checkpoint = load_checkpoint(base)
        count = len(read_products(data).products)
        rates = measure(checkpoint)
        config = plan(base, checkpoint, count, method, minutes, rates, title or out.name)
        if processes.is_main():
            out.mkdir(parents=True, exist_ok=True)
            seconds, looked_at = expected(config, rates, count)
            keep_pace(out / PACE, seconds, looked_at, checkpoint)
            keep_plan(config, kept)
    if isinstance(config, AdapterTraining):
        if processes.count() > 1:
            raise ConfigError("Several processes teach a whole checkpoint only, not an adapter.")
        return train_adapter(config, data, out, resume, should_stop, update_progress)
    return train_generator(config, data, out, resume, should_stop, update_progress)


def plan(
    base: Path, checkpoint: Checkpoint, photos: int, method: str, minutes: float, rates: Rates, title: str
) -> GeneratorTraining | AdapterTraining:
    """The whole training that fits into the minutes. Raises DataError for too few photos, ConfigError for another method."""
    if photos < LEAST_PHOTOS:
        raise DataError(f"The set has only {photos} usable photos; at least {LEAST_PHOTOS} are needed.")
    if method not in METHODS:
        raise ConfigError(f"The method is one of: {', '.join(METHODS)}.")
    batch = 16 if photos < 2_000 else 32
    light = 0.3 if photos < 500 else 0.15 if photos < 2_000 else 0.0
    shares = _ADAPTER_SHARES if method == "adapter" else _SHARES
    budgets = {
        phase: min(int(share * minutes * 60 / getattr(rates, phase)), _MOST_PASSES[phase] * photos)
        for phase, share in shares.items()
    }
    adversarial = max(budgets["adversarial"], batch)
    adversary = load_adversary(base)
    discriminator = adversary.config if adversary else DiscriminatorConfig()
    data = DataConfig(held_out=held_out_share(photos), trim=bool(checkpoint.training.get("trim", True)))
    words = MappingConfig(
        latents=max(budgets["mapping"], 128), half_life=min(40_000, budgets["mapping"] / 10), save_seconds=60
    )
    judging = AdversarialConfig(
        images=adversarial, batch=batch, light=light, frozen=_FROZEN if method == "freeze" else 0,
        half_life=min(2_000, adversarial / 10), save_seconds=60, log_every=5,
    )  # fmt: skip
    selection = SelectionConfig(every=max(adversarial // _LOOKS, batch), patience=3, pictures=400)
    if method == "adapter":
        return AdapterTraining(
            base=str(base), data=data, mapping=words, discriminator=discriminator, adversarial=judging,
            selection=selection, title=title, least=_LEAST_OF_A_VALUE,
        )  # fmt: skip
    return GeneratorTraining(
        data=data,
        generator=checkpoint.generator.config,
        encoder=checkpoint.encoder.config,
        discriminator=discriminator,
        autoencoder=AutoencoderConfig(
            images=max(budgets["autoencoder"], 2 * batch), batch=2 * batch, learn_codes=False,
            half_life=min(8_000, budgets["autoencoder"] / 10), save_seconds=60, log_every=5,
        ),
        mapping=words,
        adversarial=judging,
        selection=selection,
        title=title,
        start=str(base),
        rebase=True,
        least=_LEAST_OF_A_VALUE,
        compile=False,
    )  # fmt: skip


def expected(
    config: GeneratorTraining | AdapterTraining, rates: Rates, photos: int
) -> tuple[dict[str, float], int]:
    """The seconds that each phase takes, and how many pictures are drawn to tell the best weights by."""
    seconds = {
        "mapping": config.mapping.latents * rates.mapping,
        "adversarial": config.adversarial.images * rates.adversarial,
    }
    if isinstance(config, GeneratorTraining):
        seconds["autoencoder"] = config.autoencoder.images * rates.autoencoder
    looks = config.adversarial.images // max(config.selection.every, 1) + 1
    learnt_from = photos - round(photos * config.data.held_out)
    return seconds, looks * config.selection.looked_at(learnt_from)


def measure(checkpoint: Checkpoint) -> Rates:
    """How long pictures take on this machine, by a few steps of each phase that are thrown away."""
    compute = choose_compute()
    shape, batch = checkpoint.generator.config, 16
    photos = torch.zeros(2 * batch, checkpoint.encoder.config.size, checkpoint.encoder.config.size, 3).byte()
    latents = torch.zeros(len(photos), shape.w_dim)
    rows = torch.arange(len(photos))
    inner = shape.up_to(checkpoint.encoder.config.size)
    drawing = AutoencoderRun(
        AutoencoderConfig(images=100 * batch, batch=batch, learn_codes=False),
        inner, checkpoint.encoder.config, DiscriminatorConfig(), photos, compute,
    )  # fmt: skip
    drawing.done = 50  # the adversary has joined
    words = MappingRun(
        MappingConfig(), shape, checkpoint.vocabulary, latents, latents + 1, latents[0] + 1,
        [{} for _ in photos], compute.device,
    )  # fmt: skip
    detail = torch.zeros(batch, shape.size, shape.size, 3).byte()
    lesson = Lesson(photos, latents, latents, torch.zeros(len(photos), 0), detail, rows[:batch])
    drawn = Drawn(latents, torch.zeros(len(photos), shape.cond_dim), rows, torch.zeros(len(photos), 0))
    judging = AdversarialRun(
        AdversarialConfig(images=100 * batch, batch=batch), copy.deepcopy(checkpoint.generator.synthesis),
        DiscriminatorConfig(), dataclasses.replace(CriticConfig(), cond_dim=shape.cond_dim),
        load_recogniser(bundled("checkpoints") / "vision")[0].backbone, lesson, drawn, compute,
    )  # fmt: skip
    return Rates(*(_seconds(run) for run in (drawing, words, judging)))


def _seconds(run: Run) -> float:
    """Of one example, without the first step, which warms up."""
    times = []
    for _ in range(1 + _TIMED):
        start = time.monotonic()
        run.step()
        times.append(time.monotonic() - start)
    return processes.told_by_main(min(times[1:]) / run.batch)


def read_plan(path: Path) -> GeneratorTraining | AdapterTraining:
    """The plan that an earlier start of the run kept. Raises ConfigError."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if "adapter" in plain:
            return build(AdapterTraining, plain, path.name)
        return build(GeneratorTraining, plain, path.name)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"The plan {path} cannot be read; start the fine-tuning anew.") from error


def keep_plan(config: GeneratorTraining | AdapterTraining, path: Path) -> None:
    """Write the plan so that a kill leaves it whole or absent."""
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(dataclasses.asdict(config), indent=1) + "\n", encoding="utf-8")
    with temporary.open("rb") as handle:
        os.fsync(handle.fileno())
    os.replace(temporary, path)
