"""Training the generator: read the set, teach the synthesis network, then the mapping, then write a checkpoint."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ecomgen.data.photos import photo_array
from ecomgen.data.products import Product, is_held_out, read_products
from ecomgen.errors import CheckpointError, DataError
from ecomgen.models.checkpoint import Checkpoint, known_values, load_checkpoint, save_checkpoint
from ecomgen.models.discriminator import DiscriminatorConfig, PatchDiscriminator
from ecomgen.models.encoder import EncoderConfig
from ecomgen.models.stylegan import Generator, GeneratorConfig, Vocabulary
from ecomgen.models.text import TextEncoder
from ecomgen.schema import Schema
from ecomgen.settings import bundled
from ecomgen.training.autoencoder import AutoencoderConfig, AutoencoderRun, train_autoencoder
from ecomgen.training.device import choose_compute
from ecomgen.training.gate import write_typical
from ecomgen.training.loop import ShouldStop, UpdateProgress, never, quietly
from ecomgen.training.mapping import MappingConfig, MappingRun, draw_latents, encode_photos, train_mapping

ADVERSARY = "adversary.safetensors"
_DRAWN = 16_384
"""As many latents are drawn for the last phase."""


@dataclass(frozen=True)
class DataConfig:
    """Which photos of the set are learnt from, and how they are framed."""

    set: str = ""
    categories: tuple[str, ...] = ()
    trim: bool = True
    held_out: float = 0.03


@dataclass(frozen=True)
class GeneratorTraining:
    """A whole run, as `configs/generator-64.toml` states it, in three phases.

    `[autoencoder]`, `[mapping]`, and `[polish]`: more of the first, in which the adversary also judges pictures of
    latents that the mapping drew, so that what is asked for looks as clean as what is encoded.
    """

    data: DataConfig = field(default_factory=DataConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    mapping: MappingConfig = field(default_factory=MappingConfig)
    polish: AutoencoderConfig = field(default_factory=lambda: AutoencoderConfig(images=0, adversary_from=0.0))
    title: str = "Products"
    text_encoder: str = ""  # a folder or a hub name; empty is the bundled one
    start: str = ""  # a checkpoint folder whose weights are the start
    least: int = 8  # a value with fewer photos is not learnt
    precision: str = "auto"
    compile: bool = True


@dataclass(frozen=True)
class Photos:
    """Photos in memory (uint8 [n, s, s, 3]) with their products, learnt from and held out."""

    train: Tensor
    train_products: list[Product]
    held_out: Tensor
    held_out_products: list[Product]
    schema: Schema


def read_photos(config: DataConfig, path: Path, size: int) -> Photos:
    """Read and frame the photos of a product set; a set's own val split is held out, else a fixed share by name.

    Raises DataError when no photo of the wanted categories is left.
    """
    found = read_products(path)
    products = [
        p
        for p in found.products
        if not config.categories or p.attributes.get("category") in config.categories
    ]
    if not products:
        raise DataError(
            f"{path.name} holds no photo of the wanted categories: {', '.join(config.categories)}."
        )
    array, kept = photo_array(products, size, trim=config.trim)
    products = [products[i] for i in kept]
    has_split = any(p.split != "train" for p in products)
    held = [p.split != "train" if has_split else is_held_out(p.name, config.held_out) for p in products]
    mask = torch.tensor(held, dtype=torch.bool)
    pixels = torch.from_numpy(array)
    return Photos(
        pixels[~mask],
        [p for p, h in zip(products, held, strict=True) if not h],
        pixels[mask],
        [p for p, h in zip(products, held, strict=True) if h],
        found.schema,
    )


def train_generator(
    config: GeneratorTraining,
    data: Path,
    out: Path,
    resume: bool = False,
    should_stop: ShouldStop = never,
    update_progress: UpdateProgress = quietly,
) -> bool:
    """Run all phases and write the checkpoint to `out`; False when `should_stop` ended it early.

    `resume` goes on from the newest whole state in out/state; without it an earlier run's state is removed.
    """
    if not resume:
        shutil.rmtree(out / "state", ignore_errors=True)
        (out / "log.jsonl").unlink(missing_ok=True)
    update_progress("Reading the photos", 0.0)
    photos = read_photos(config.data, data, config.generator.size)
    compute = choose_compute(config.precision)
    shapes = (config.generator, config.encoder, config.discriminator)
    run = AutoencoderRun(config.autoencoder, *shapes, photos.train, compute, config.compile)
    if config.start:
        start_from(run, Path(config.start))
    else:
        run.start_bases()
    if not train_autoencoder(run, out, resume, should_stop, update_progress):
        return False

    counts = count_values(photos.train_products, photos.schema, config.least)
    schema = photos.schema.restricted({a: set(c) for a, c in counts.items()})
    text_encoder = config.text_encoder or str(bundled("checkpoints") / "text")
    vocabulary = embed_vocabulary(schema, counts, TextEncoder.load(text_encoder))
    mean, deviation = encode_photos(run.average_encoder, photos.train, compute)
    attributes = [p.attributes for p in photos.train_products]
    weight = run.average_synthesis.base.weight.norm(dim=0)
    mapping = MappingRun(
        config.mapping, config.generator, vocabulary, mean, deviation, weight, attributes, compute.device
    )
    if not train_mapping(mapping, out, resume, should_stop, update_progress):
        return False

    autoencoder_images = run.images
    if config.polish.images:
        # The encoder stays: the mapping has learnt its codes.
        polish = replace(config.polish, learn_codes=False)
        finish = AutoencoderRun(polish, *shapes, photos.train, compute, config.compile)
        finish.start_from(run.average_synthesis, run.average_encoder)
        finish.adversary.load_state_dict(run.adversary.state_dict())
        finish.drawn = draw_latents(mapping, _DRAWN)
        if not train_autoencoder(finish, out, resume, should_stop, update_progress, "polish"):
            return False
        run = finish

    generator = Generator(config.generator)
    generator.synthesis.load_state_dict(run.average_synthesis.state_dict())
    generator.condition.load_state_dict(mapping.average["condition"].state_dict())
    generator.mapping.load_state_dict(mapping.average["mapping"].state_dict())
    checkpoint = Checkpoint(
        name=out.name,
        title=config.title,
        architecture="stylegan",
        generator=generator.cpu().eval(),
        vocabulary=vocabulary,
        encoder=run.average_encoder.cpu(),
        schema=schema,
        counts=counts,
        text_encoder=Path(text_encoder).name,
        training={
            "set": data.name,
            "photos": len(photos.train),
            "held_out": len(photos.held_out),
            "held_out_share": config.data.held_out,
            "trim": config.data.trim,
            "autoencoder_images": autoencoder_images,
            "polish_images": config.polish.images,
            "mapping_latents": mapping.images,
            "precision": str(compute.dtype).removeprefix("torch."),
            "device": compute.device.type,
        },
    )
    save_checkpoint(out, checkpoint)
    save_adversary(out, run.adversary)
    write_typical(out, photos.train, photos.train_products)
    update_progress("Done", 1.0)
    return True


def start_from(run: AutoencoderRun, folder: Path) -> None:
    """Begin with the weights of a checkpoint of the same shape; optimisers start afresh. Raises CheckpointError."""
    checkpoint = load_checkpoint(folder)
    try:
        run.start_from(checkpoint.generator.synthesis, checkpoint.encoder)
        if (folder / ADVERSARY).exists():
            run.adversary.load_state_dict({k: v.float() for k, v in load_file(folder / ADVERSARY).items()})
    except RuntimeError as error:
        raise CheckpointError(
            f"The checkpoint “{folder.name}” has networks of another shape than the configuration."
        ) from error


def save_adversary(folder: Path, adversary: PatchDiscriminator) -> None:
    """Keep the discriminator beside the checkpoint, in fp16, so that training can go on from it."""
    tensors = {k: v.half().cpu().contiguous() for k, v in adversary.state_dict().items()}
    save_file(tensors, folder / ADVERSARY)


def count_values(products: list[Product], schema: Schema, least: int) -> dict[str, dict[str, int]]:
    """Attribute -> value -> number of photos, for the values with at least `least` of them."""
    counts: dict[str, dict[str, int]] = {}
    for attribute in schema:
        found = Counter(v for p in products if (v := p.attributes.get(attribute.name)) is not None)
        kept = {v.name: found[v.name] for v in attribute.values if found[v.name] >= least}
        if kept:
            counts[attribute.name] = kept
    return counts


def embed_vocabulary(schema: Schema, counts: dict[str, dict[str, int]], encoder: TextEncoder) -> Vocabulary:
    """The vocabulary of a checkpoint: every attribute name and every learnt value through the text encoder."""
    vocabulary = Vocabulary(known_values(schema, counts), encoder.dim)
    vocabulary.attribute.copy_(encoder.embed(list(vocabulary.names)))
    vocabulary.value.copy_(encoder.embed([value for _, value in vocabulary.rows]))
    return vocabulary
