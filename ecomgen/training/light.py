"""A lighter checkpoint: the synthesis network with fewer channels and a folded last resolution, taught to draw what the whole one draws.

    w [n, w_dim] --teacher, frozen--> picture
                 --student-----------> picture'      loss = L1 at three resolutions + L1 of image gradients
                                                          + distance in a frozen backbone's features
                                                          + distance of parts in the adversary's features, where there is one

The student begins with those channels of its teacher that carry most energy (channel pruning, Li et al. 2017) and
learns from latents that the teacher's own mapping drew (distillation, as in MobileStyleGAN, Belousov 2021). Most of a picture's
time goes into its last resolution, so that is folded (models/synthesis.py). The mapping stays, but for half as many
steps of integration.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ecomgen.models.backbone import Backbone
from ecomgen.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ecomgen.models.discriminator import PatchDiscriminator
from ecomgen.models.layers import ModulatedConv
from ecomgen.models.recogniser import load_recogniser
from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.stylegan import Generator
from ecomgen.models.synthesis import Synthesis, UpBlock, resized
from ecomgen.settings import bundled
from ecomgen.training import losses, steps
from ecomgen.training.adversaries import load_adversary
from ecomgen.training.grid import save_grid
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

_MEASURED = 64
"""Pictures on which the channels' energy is measured."""
_TIMED = 3
"""Steps that tell how many pictures fit into the minutes."""


@dataclass(frozen=True)
class LightConfig:
    """Share of the channels that stays (0 to 1), minutes of teaching, and the weights of the losses."""

    width: float = 0.6
    minutes: float = 10.0
    latents: int = 4096
    batch: int = 16
    rate: float = 4e-3
    pixels: float = 500.0
    gradients: float = 400.0
    perceptual: float = 300.0
    features: float = 60.0
    half_life: float = 600.0
    save_seconds: float = 120.0
    log_every: int = 10
    seed: int = 1


def light_shape(config: GeneratorConfig, width: float) -> GeneratorConfig:
    """The shape of a lighter generator; widths are multiples of 32 where they can be, which processors like."""
    fold = config.base < config.size and not config.folded
    whole = config.channels[:-1] if fold else config.channels
    channels = tuple(_narrowed(c, width, 32 if c > 32 else 8) for c in whole)
    return replace(config, channels=channels, folded=fold or config.folded, steps=max(1, config.steps // 2))


def _narrowed(channels: int, width: float, multiple: int) -> int:
    return min(channels, max(multiple, multiple * round(width * channels / multiple)))


@torch.no_grad()
def prune(teacher: Synthesis, config: GeneratorConfig, w: Tensor) -> Synthesis:
    """A narrower synthesis network of the channels that matter most when the pictures of w [n, w_dim] are drawn."""
    keep = _kept_inputs(teacher, config, w)
    student = Synthesis(config)
    student.base.load_state_dict(teacher.base.state_dict())
    student.scale.copy_(teacher.scale)
    rows = _spread(keep[teacher.first], 16)
    student.start.weight.copy_(teacher.start.weight[rows])
    student.start.bias.copy_(teacher.start.bias[rows])
    chain, slim = _chain(teacher), _chain(student)
    ends = []  # for every block the channels that it passes on
    for i, (old, new) in enumerate(zip(chain, slim, strict=False)):  # a folded student has one block less
        following = chain[i + 1] if i + 1 < len(slim) else _outlet(teacher, student)
        # A block shuffles every four channels of what came before it into one.
        shuffled = i % 2 == 0 and i + 1 < len(slim)
        out = _spread(keep[following], 4) if shuffled else keep[following]
        if i and i % 2 == 0:
            ends.append(out)
        _copy(old, new, out, keep[old])
    outlets = zip(teacher.to_rgb, student.to_rgb, ends[-len(student.to_rgb) :], strict=False)
    for whole, narrow, inputs in outlets:
        _copy(whole, narrow, torch.arange(3), inputs)
    if teacher.unfold and student.unfold:
        _copy(teacher.unfold, student.unfold, torch.arange(12), ends[-1])
    for before, after in zip(teacher.blocks, student.blocks, strict=False):
        assert isinstance(before, UpBlock)
        assert isinstance(after, UpBlock)
        looking = keep[before.convolutions[0]]
        after.look.weight.copy_(before.look.weight[looking])
        assert before.look.bias is not None
        assert after.look.bias is not None
        after.look.bias.copy_(before.look.bias[looking])
    return student


def _chain(synthesis: Synthesis) -> list[ModulatedConv]:
    """The modulated convolutions that features go through, without those that lead out to the picture."""
    return [synthesis.first, *(c for block in synthesis.blocks for c in block.convolutions)]  # type: ignore[union-attr]


def _outlet(synthesis: Synthesis, student: Synthesis) -> ModulatedConv:
    """What leads out to the picture where the student's last block ends."""
    outlet = synthesis.to_rgb[len(student.to_rgb) - 1]
    assert isinstance(outlet, ModulatedConv)
    return outlet


def _copy(old: nn.Module, new: nn.Module, out: Tensor, inputs: Tensor) -> None:
    """Give `new` the part of `old` that leads from the channels `inputs` to the channels `out`."""
    assert isinstance(old, ModulatedConv)
    assert isinstance(new, ModulatedConv)
    new.weight.copy_(old.weight[out][:, inputs])
    new.bias.copy_(old.bias[out])
    new.style.weight.copy_(old.style.weight[inputs])
    new.style.bias.copy_(old.style.bias[inputs])


def _kept_inputs(teacher: Synthesis, config: GeneratorConfig, w: Tensor) -> dict[nn.Module, Tensor]:
    """For each modulated convolution the input channels, in order, that move its output most."""
    student = Synthesis(config)
    layers = [*_chain(teacher)[: len(_chain(student))], _outlet(teacher, student)]
    wanted = [layer.weight.shape[1] for layer in (*_chain(student), _outlet(student, student))]
    kept: dict[nn.Module, Tensor] = {}

    def measure(layer: nn.Module, inputs: tuple[Tensor, Tensor]) -> None:
        assert isinstance(layer, ModulatedConv)
        x, styles = inputs
        scaled = x * layer.style(styles)[:, :, None, None]
        energy = scaled.square().mean((0, 2, 3)) * layer.weight.square().sum((0, 2, 3))
        kept[layer] = energy.topk(int(wanted[layers.index(layer)])).indices.sort().values

    hooks = [layer.register_forward_pre_hook(measure) for layer in layers]
    with torch.enable_grad():  # all pictures together, not one by one; nothing here needs gradients
        teacher(w)
    for hook in hooks:
        hook.remove()
    return kept


def _spread(channels: Tensor, each: int) -> Tensor:
    """Rows of `each` neighbours for every channel."""
    return (channels[:, None] * each + torch.arange(each)).flatten()


@torch.no_grad()
def draw_latents(checkpoint: Checkpoint, count: int, seed: int) -> Tensor:
    """w [count, w_dim] as people may ask for them: values by how many photos showed them, some left out, all varieties."""
    chance = torch.Generator().manual_seed(seed)
    generator, drawn = checkpoint.generator, []
    for start in range(0, count, 256):
        n = min(256, count - start)
        asked: list[dict[str, str | None]] = [{} for _ in range(n)]
        for name, counts in checkpoint.counts.items():
            values, weights = list(counts), torch.tensor([float(c) for c in counts.values()])
            rows = torch.multinomial(weights, n, replacement=True, generator=chance).tolist()
            kept = (torch.rand(n, generator=chance) < (0.95 if name == "category" else 0.6)).tolist()
            for each, row, keep in zip(asked, rows, kept, strict=True):
                each[name] = values[row] if keep else None
        z = torch.randn(n, generator.config.w_dim, generator=chance)
        z = z * (0.6 + 0.4 * torch.rand(n, 1, generator=chance))
        wanted: list[Mapping[str, str | None]] = list(asked)
        drawn.append(generator.mapping(z, generator.schedule(*checkpoint.vocabulary.lookup(wanted))))
    return torch.cat(drawn)


class LightRun(Run):
    """Teacher, student, its average and its optimiser."""

    def __init__(
        self,
        config: LightConfig,
        teacher: Synthesis,
        student: Synthesis,
        adversary: PatchDiscriminator | None,
        backbone: Backbone,
        latents: Tensor,
        pictures: int,
    ) -> None:
        super().__init__(pictures, config.batch)
        self.config, self.latents = config, latents
        self.teacher, self.adversary, self.backbone = teacher, adversary, backbone.requires_grad_(False)
        self.student = student.train().requires_grad_(True).to(memory_format=torch.channels_last)
        self.student.base.requires_grad_(False)
        self.average = copy.deepcopy(self.student).eval().requires_grad_(False)
        self.optimizer = steps.scaled_adam([self.student], config.rate, (0.5, 0.99))

    def parts(self) -> dict[str, Any]:
        return {"student": self.student, "average": self.average, "optimizer": self.optimizer}

    def state(self) -> dict[str, Any]:
        return {**super().state(), "budget": self.budget}

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self.budget = int(state["budget"])  # not measured again: the learning rate follows it

    def step(self) -> dict[str, float]:
        config = self.config
        steps.seed_step(config.seed, self.done + 1)
        steps.set_rate(self.optimizer, config.rate * steps.falling(self.progress, floor=0.02))
        w = self.latents[steps.batch_indices(len(self.latents), config.batch, self.done, config.seed)]
        with torch.no_grad():
            wanted = self.teacher(w)
        drawn = self.student(w)
        parts = {
            "pixels": losses.multiscale_l1(drawn, wanted),
            "gradients": losses.gradient_l1(drawn, wanted),
            "perceptual": self._distance(self._stages, drawn, wanted),
        }
        total = sum(getattr(config, name) * part for name, part in parts.items())
        if adversary := self.adversary:
            top, left = torch.randint(wanted.shape[-1] // 2 + 1, (2,)).tolist()
            half = (..., slice(top, top + wanted.shape[-1] // 2), slice(left, left + wanted.shape[-1] // 2))
            parts["features"] = self._distance(lambda x: adversary(x)[1], drawn[half], wanted[half])
            total = total + config.features * parts["features"]
        descend(total, self.optimizer)
        self.done += 1
        steps.update_average(
            self.average, self.student, steps.average_decay(self.images, config.batch, config.half_life)
        )
        return {name: float(part.detach()) for name, part in parts.items()}

    def _stages(self, pictures: Tensor) -> list[Tensor]:
        return self.backbone.stages(resized(pictures, self.backbone.config.size))

    def _distance(self, look: Callable[[Tensor], list[Tensor]], drawn: Tensor, wanted: Tensor) -> Tensor:
        with torch.no_grad():
            features = look(wanted)
        return losses.feature_distance(look(drawn), features)


def train_light(
    folder: Path,
    out: Path,
    config: LightConfig,
    resume: bool = False,
    should_stop: ShouldStop = never,
    update_progress: UpdateProgress = quietly,
) -> bool:
    """Write a lighter checkpoint of the one in `folder` to `out`; False when `should_stop` ended it early.

    Writes out/light.png (the teacher's pictures above the student's). Raises CheckpointError.
    """
    session = Session(out, resume, should_stop, update_progress)
    session.begin()
    checkpoint = load_checkpoint(folder)
    update_progress("Drawing latents", 0.0)
    teacher = checkpoint.generator.synthesis
    latents = draw_latents(checkpoint, config.latents, config.seed)
    shape = light_shape(checkpoint.generator.config, config.width)
    student = prune(teacher, shape, latents[:_MEASURED])
    adversary = load_adversary(folder)
    backbone = load_recogniser(bundled("checkpoints") / "vision")[0].backbone
    trial = LightRun(config, teacher, copy.deepcopy(student), adversary, backbone, latents, 10**9)
    pictures = _pictures_in(config.minutes, trial)
    run = LightRun(config, teacher, student, adversary, backbone, latents, pictures)

    def save_comparison() -> None:
        with torch.no_grad():
            lines = [network(latents[:32]).view(4, 8, 3, shape.size, shape.size) for network in (teacher, run.average)]  # fmt: skip
        save_grid(torch.cat(lines, 1).flatten(0, 1), out / "light.png", columns=8)

    doing = "Learning to draw the same with less"
    if not spend_budget(
        run, session, "light", doing, config.log_every, config.save_seconds,
        save_comparison,
    ):  # fmt: skip
        return False
    generator = Generator(shape)
    generator.condition.load_state_dict(checkpoint.generator.condition.state_dict())
    generator.mapping.load_state_dict(checkpoint.generator.mapping.state_dict())
    generator.synthesis.load_state_dict(run.average.state_dict())
    told = {"light_of": checkpoint.name, "light_of_hash": checkpoint.hash, "light_pictures": run.images}
    light = replace(
        checkpoint,
        name=out.name,
        generator=generator.eval(),
        training={**checkpoint.training, **told},
    )
    save_checkpoint(out, light)
    _write_card(out, light, checkpoint)
    update_progress("Done", 1.0)
    return True


def _pictures_in(minutes: float, trial: LightRun) -> int:
    """How many pictures a run can learn from in so many minutes, by a few steps of one that is thrown away."""
    trial.step()
    start = time.monotonic()
    for _ in range(_TIMED):
        trial.step()
    seconds = (time.monotonic() - start) / _TIMED
    return max(1, round(60 * minutes / seconds)) * trial.batch


def _write_card(out: Path, light: Checkpoint, teacher: Checkpoint) -> None:
    channels = ", ".join(map(str, light.generator.config.channels))
    (out / "README.md").write_text(
        f"# {light.name}: {teacher.name}, lighter\n\n"
        f"The checkpoint `{teacher.name}` ({teacher.hash}) with narrower layers ({channels}), taught by it on "
        f"{light.training['light_pictures']:,} pictures that it drew, without photos, and "
        f"{light.generator.config.steps} steps of mapping. What it was trained on and cannot do is in that checkpoint's card. "
        f"Made by `ecomgen lighten --model {teacher.name}`.\n",
        encoding="utf-8",
    )
