"""Training the generator: read the set, teach the synthesis network, then the mapping, then both together against
adversaries, and write a checkpoint."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ecomgen.data.products import Product
from ecomgen.errors import ConfigError
from ecomgen.models.checkpoint import Checkpoint, known_values, load_checkpoint, save_checkpoint
from ecomgen.models.condition import Condition, Vocabulary
from ecomgen.models.critic import CriticConfig
from ecomgen.models.discriminator import DiscriminatorConfig
from ecomgen.models.encoder import Encoder, EncoderConfig
from ecomgen.models.mapping import FlowMapping
from ecomgen.models.recogniser import load_recogniser
from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.stylegan import Generator
from ecomgen.models.synthesis import Synthesis
from ecomgen.models.text import TextEncoder
from ecomgen.schema import Schema
from ecomgen.settings import bundled
from ecomgen.training import processes
from ecomgen.training.adversarial import AdversarialConfig, AdversarialRun, train_adversarial
from ecomgen.training.adversaries import load_adversaries, same_shape, save_adversaries
from ecomgen.training.autoencoder import AutoencoderConfig, AutoencoderRun, train_autoencoder
from ecomgen.training.device import Compute, choose_compute
from ecomgen.training.gate import write_gate
from ecomgen.training.growing import grow
from ecomgen.training.lessons import Words, prepare
from ecomgen.training.loop import Session, ShouldStop, UpdateProgress, never, quietly
from ecomgen.training.mapping import (
    MappingConfig,
    MappingRun,
    encode_photos,
    train_mapping,
)
from ecomgen.training.photos import DataConfig, Photos, read_photos
from ecomgen.training.rebasing import rebase
from ecomgen.training.selection import SelectionConfig, select_by_kid


@dataclass(frozen=True)
class GeneratorTraining:
    """A whole run, as `configs/generator-128.toml` states it, in three phases.

    `[autoencoder]` and `[mapping]` at the size of the generator's last features, then `[adversarial]` at its full size.
    With `start`, a checkpoint's networks are there before the first phase, and a phase without a budget leaves them as they are.
    """

    data: DataConfig = field(default_factory=DataConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    mapping: MappingConfig = field(default_factory=MappingConfig)
    adversarial: AdversarialConfig = field(default_factory=AdversarialConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)  # of the last phase
    backbone: str = ""  # a recogniser's folder, whose features the critic sees; empty is the bundled one
    title: str = "Products"
    text_encoder: str = ""  # a folder or a hub name; empty is the bundled one
    start: str = ""  # a checkpoint folder whose weights are the start
    rebase: bool = False  # the start's principal components make room for those of these photos
    least: int = 8  # a value with fewer photos is not learnt
    precision: str = "auto"
    compile: bool = True

    @property
    def images(self) -> int:
        """Pictures that are drawn in training, at most."""
        return self.autoencoder.images + self.adversarial.images


def train_generator(
    config: GeneratorTraining,
    data: Path,
    out: Path,
    resume: bool = False,
    should_stop: ShouldStop = never,
    update_progress: UpdateProgress = quietly,
) -> bool:
    """Run all phases and write the checkpoint to `out`; False when `should_stop` ended it early. In the last phase a stopped
    run leaves a checkpoint as well, of what it has learnt so far.

    `resume` goes on from the newest whole state in out/state; without it an earlier run's state is removed.
    """
    update_progress = update_progress if processes.is_main() else quietly
    session = Session(out, resume, should_stop, update_progress)
    session.begin()
    update_progress("Reading the photos", 0.0)
    start = _start(config)
    photos = read_photos(config.data, data, config.encoder.size)
    compute = choose_compute(config.precision)
    synthesis, encoder = _learn_to_draw(config, photos, compute, start, session)
    if synthesis is None:
        return False
    words = _learn_words(config, photos, compute, start, synthesis, encoder, session)
    if words is None:
        return False
    generator = Generator(config.generator)
    with same_shape(config.start):
        grow(synthesis, generator.synthesis)
    generator.condition.load_state_dict(words.condition.state_dict())
    generator.mapping.load_state_dict(words.mapping.state_dict())
    done, drawn_images = True, 0
    if config.adversarial.images:
        update_progress("Looking at the photos", 0.0)
        lesson, drawn, unseen = prepare(
            config.adversarial, config.data, data, photos, config.generator.size, words, encoder, compute,
            config.selection.looked_at(len(photos.train)),
        )  # fmt: skip
        backbone = load_recogniser(Path(config.backbone or bundled("checkpoints") / "vision"))[0].backbone
        critic = dataclasses.replace(config.critic, cond_dim=config.generator.cond_dim)
        run = AdversarialRun(
            config.adversarial, generator.synthesis, config.discriminator, critic, backbone, lesson, drawn, compute,
            config.compile,
        )  # fmt: skip
        if start and start.generator.config.size == config.generator.size:
            load_adversaries(Path(config.start), run.adversary, run.critic)
        selection = select_by_kid(config.selection, run.average_synthesis, photos.held_out, unseen, out)
        done = train_adversarial(run, session, selection)
        drawn_images = run.images
        generator.synthesis.load_state_dict(run.average_synthesis.state_dict())
        if processes.is_main():
            save_adversaries(out, run.adversary, run.critic)
    checkpoint = Checkpoint(
        name=out.name,
        title=config.title,
        architecture="stylegan",
        generator=generator.cpu().eval(),
        vocabulary=words.vocabulary,
        encoder=encoder.cpu(),
        schema=words.schema,
        counts=words.counts,
        text_encoder=words.text_encoder,
        training={
            "set": data.name,
            "detail": Path(config.data.detail).name,
            "detail_aspect": config.data.detail_aspect,
            "photos": len(photos.train),
            "held_out": len(photos.held_out),
            "held_out_share": config.data.held_out,
            "trim": config.data.trim,
            "autoencoder_images": config.autoencoder.images,
            "mapping_latents": config.mapping.latents,
            "adversarial_images": drawn_images,
            "precision": str(compute.dtype).removeprefix("torch."),
            "device": compute.device.type,
            **({"started_from": {"hash": start.hash, **start.training}} if start else {}),
        },
    )
    if processes.is_main():
        save_checkpoint(out, checkpoint)
        write_gate(out, photos.train, photos.train_products)
    processes.wait()
    if done:
        update_progress("Done", 1.0)
    return done


def _start(config: GeneratorTraining) -> Checkpoint | None:
    """The checkpoint to begin with, if there is one. Raises ConfigError when a phase has neither a budget nor a start."""
    if config.start:
        return load_checkpoint(Path(config.start))
    if not config.autoencoder.images or not config.mapping.latents:
        raise ConfigError(
            "Without a checkpoint to start from, [autoencoder] and [mapping] need a budget each."
        )
    return None


def _learn_to_draw(
    config: GeneratorTraining,
    photos: Photos,
    compute: Compute,
    start: Checkpoint | None,
    session: Session,
) -> tuple[Synthesis | None, Encoder]:
    """The first phase: photo -> w -> photo, at the size of the generator's last features. No synthesis: stopped early."""
    if not config.autoencoder.images:
        assert start is not None
        return start.generator.synthesis, start.encoder
    inner = config.generator.up_to(config.encoder.size)
    run = AutoencoderRun(
        config.autoencoder, inner, config.encoder, config.discriminator, photos.train, compute, config.compile
    )
    if start is None:
        run.start_bases()
    else:
        if config.rebase:
            rebase(start.generator.synthesis, start.encoder, photos.train, config.autoencoder.seed)
        with same_shape(config.start):
            run.start_from(start.generator.synthesis, start.encoder)
    if not train_autoencoder(run, session):
        return None, run.average_encoder
    if start is None:
        return run.average_synthesis, run.average_encoder
    # What the start draws beyond this phase's size stays.
    start.generator.synthesis.load_state_dict(run.average_synthesis.state_dict(), strict=False)
    return start.generator.synthesis, run.average_encoder


def _learn_words(
    config: GeneratorTraining,
    photos: Photos,
    compute: Compute,
    start: Checkpoint | None,
    synthesis: Synthesis,
    encoder: Encoder,
    session: Session,
) -> Words | None:
    """The second phase: words -> w. None: stopped early."""
    if not config.mapping.latents:
        assert start is not None
        own = start.generator
        return Words(
            own.condition, own.mapping, start.vocabulary, start.schema, start.counts, start.text_encoder
        )
    counts = count_values(photos.train_products, photos.schema, config.least)
    schema = photos.schema.restricted({a: set(c) for a, c in counts.items()})
    text_encoder = config.text_encoder or str(bundled("checkpoints") / "text")
    vocabulary = embed_vocabulary(schema, counts, TextEncoder.load(text_encoder))
    mean, deviation = encode_photos(encoder, photos.train, compute)
    attributes = [p.attributes for p in photos.train_products]
    weight = synthesis.base.weight.norm(dim=0)
    run = MappingRun(
        config.mapping, config.generator, vocabulary, mean, deviation, weight, attributes, compute.device
    )
    if start is not None:
        with same_shape(config.start):
            run.start_from(start.generator.condition)
    if not train_mapping(run, session):
        return None
    condition, mapping = run.average["condition"], run.average["mapping"]
    assert isinstance(condition, Condition)
    assert isinstance(mapping, FlowMapping)
    return Words(condition, mapping, vocabulary, schema, counts, Path(text_encoder).name)


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
