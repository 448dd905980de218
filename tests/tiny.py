"""Networks small enough for a test: random weights, real schema, 16 px."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import torch

from ecomgen.models.adapter import AdapterConfig, Turn, make_adaptable, read_adapter
from ecomgen.models.backbone import BackboneConfig
from ecomgen.models.checkpoint import Checkpoint, save_adapter
from ecomgen.models.condition import Condition, Vocabulary
from ecomgen.models.encoder import Encoder, EncoderConfig
from ecomgen.models.mapping import FlowMapping
from ecomgen.models.recogniser import Recogniser, RecogniserConfig
from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.stylegan import Generator
from ecomgen.models.synthesis import Synthesis
from ecomgen.schema import default_schema
from ecomgen.training.adversarial import AdversarialConfig
from ecomgen.training.autoencoder import AutoencoderConfig
from ecomgen.training.generator import GeneratorTraining
from ecomgen.training.mapping import MappingConfig

COUNTS = {
    "category": {"sports shoes": 30, "casual shoes": 20, "belts": 10, "watches": 5},
    "colour": {"black": 20, "red": 20, "blue": 10},
    "audience": {"men": 20, "women": 20},
}
GENERATOR = GeneratorConfig(
    channels=(16, 16, 8), w_dim=12, text_dim=8, cond_dim=10, mapping_width=16, mapping_layers=2, steps=3
)


def tiny_checkpoint(name: str = "tiny", seed: int = 0) -> Checkpoint:
    """A generator with random weights that knows four categories, three colours and two audiences."""
    torch.manual_seed(seed)
    schema = default_schema().restricted({a: set(values) for a, values in COUNTS.items()})
    vocabulary = Vocabulary({a: tuple(v.name for v in schema[a].values) for a in COUNTS}, GENERATOR.text_dim)
    vocabulary.attribute.normal_()
    vocabulary.value.normal_()
    generator = Generator(GENERATOR)
    generator.mapping.leave.reset_parameters()
    torch.nn.init.normal_(
        generator.synthesis.to_rgb[-1].weight
    )  # training starts without detail; a test wants some
    return Checkpoint(
        name=name,
        title="Tiny",
        architecture="stylegan",
        generator=generator.eval(),
        vocabulary=vocabulary,
        encoder=Encoder(EncoderConfig(channels=(8, 8), w_dim=12)).eval(),
        schema=schema,
        counts=COUNTS,
        text_encoder="text",
    )


def brief_training(latents: int) -> GeneratorTraining:
    """A whole training of seconds, after which synthetic products can be told apart."""
    return GeneratorTraining(
        generator=GeneratorConfig(
            channels=(32, 32, 16), base=8, w_dim=16, mapping_width=32, mapping_layers=2, steps=4
        ),
        encoder=EncoderConfig(channels=(16, 32), base=8, w_dim=16),
        autoencoder=AutoencoderConfig(images=16 * 60, batch=16, half_life=100, learn_codes=False),
        mapping=MappingConfig(latents=latents, batch=16, half_life=100),
        adversarial=AdversarialConfig(images=16 * 4, batch=16, half_life=20),
        least=2,
        precision="fp32",
        compile=False,
    )


def tiny_adapter(folder: Path, base: Checkpoint, seed: int = 1) -> None:
    """An adapter over `base` with random numbers, which knows teapots only."""
    torch.manual_seed(seed)
    parts = {
        "condition": Condition(GENERATOR),
        "mapping": FlowMapping(GENERATOR),
        "synthesis": Synthesis(GENERATOR),
    }
    tensors = {}
    for name, part in parts.items():
        make_adaptable(part, name, AdapterConfig(rank=2, leave_rank=3))
        for own, parameter in part.named_parameters():
            if own.endswith(".up"):
                torch.nn.init.normal_(parameter, std=0.2)
        tensors |= read_adapter(part, name)
    pixels, w_dim = base.generator.synthesis.base.weight.shape
    directions = torch.linalg.qr(torch.randn(pixels, 2))[0]
    turn = Turn(
        directions, torch.cat([torch.eye(w_dim), 0.1 * torch.randn(2, w_dim)]), 0.1 * torch.randn(w_dim + 2)
    )
    tensors |= {f"base.{name}": each for name, each in turn._asdict().items()}
    vocabulary = Vocabulary({"category": ("teapots",)}, GENERATOR.text_dim)
    vocabulary.value.normal_()
    schema = default_schema().extended({"category": ["teapots"]}).restricted({"category": {"teapots"}})
    checkpoint = dataclasses.replace(
        base,
        name=folder.name,
        title="Teapots",
        vocabulary=vocabulary,
        schema=schema,
        counts={"category": {"teapots": 30}},
    )
    save_adapter(folder, checkpoint, base, tensors)


def tiny_judge(values: Mapping[str, tuple[str, ...]] | None = None, size: int = 16) -> Recogniser:
    """A recogniser with random weights; by default it knows what `tiny_checkpoint` and tests/drawing.py have in common."""
    torch.manual_seed(0)
    values = values or {
        "category": ("casual shoes", "belts", "watches", "caps"),
        "colour": ("black", "red", "blue"),
    }
    config = RecogniserConfig(BackboneConfig(size, (1, 1, 1)), values)
    return Recogniser(config).eval().requires_grad_(False)


def tiny_training(images: int, latents: int, width: int = 8, **both: float) -> str:
    """The file of a generator's whole training at 16 px; `both`: settings of its two phases, such as log_every."""
    more = "\n".join(f"{name} = {value}" for name, value in both.items())
    return f"""
trainer = "generator"
precision = "fp32"
compile = false
least = 2
[data]
held_out = 0.1
[generator]
channels = [{2 * width}, {2 * width}, {width}]
w_dim = {width}
mapping_width = {2 * width}
mapping_layers = 2
steps = 4
[encoder]
channels = [{width}, {2 * width}]
w_dim = {width}
[discriminator]
channels = [{width}, {2 * width}]
[autoencoder]
images = {images}
batch = {width}
{more}
[mapping]
latents = {latents}
batch = {width}
{more}
"""
