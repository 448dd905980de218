"""Teaching a small adapter over a checkpoint, whose own weights stay as they are.

    turn      new components of the base picture, out of the old ones and a few new directions; found at once
    mapping   condition and mapping learn which latents belong to the set's words
    synthesis draws against adversaries, as the last phase of training/generator.py

What is learnt is of low rank from the first step on, and what is found is rounded as the file will hold it.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from ecomgen.models.adapter import AdapterConfig, freeze_base, make_adaptable, read_adapter
from ecomgen.models.checkpoint import load_checkpoint, save_adapter
from ecomgen.models.condition import Condition, Vocabulary
from ecomgen.models.critic import CriticConfig
from ecomgen.models.discriminator import DiscriminatorConfig
from ecomgen.models.encoder import Encoder
from ecomgen.models.mapping import FlowMapping
from ecomgen.models.recogniser import load_recogniser
from ecomgen.models.stylegan import Generator
from ecomgen.models.text import TextEncoder
from ecomgen.settings import bundled
from ecomgen.training import steps
from ecomgen.training.adversarial import AdversarialConfig, AdversarialRun, train_adversarial
from ecomgen.training.adversaries import load_adversaries
from ecomgen.training.device import Compute, choose_compute
from ecomgen.training.gate import write_gate
from ecomgen.training.generator import count_values, embed_vocabulary
from ecomgen.training.lessons import Words, prepare
from ecomgen.training.loop import Session, ShouldStop, UpdateProgress, never, quietly
from ecomgen.training.mapping import MappingConfig, MappingRun, encode_photos, train_mapping
from ecomgen.training.photos import DataConfig, Photos, read_photos
from ecomgen.training.rebasing import fit_turn
from ecomgen.training.selection import SelectionConfig, select_by_kid


@dataclass(frozen=True)
class AdapterTraining:
    """A whole run: what the adapter goes over, how much it may say, and the budgets of its two phases."""

    base: str
    adapter: AdapterConfig = field(default_factory=AdapterConfig)
    data: DataConfig = field(default_factory=DataConfig)
    mapping: MappingConfig = field(default_factory=MappingConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    adversarial: AdversarialConfig = field(default_factory=AdversarialConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    title: str = "Products"
    least: int = 8  # a value with fewer photos is not learnt

    @property
    def images(self) -> int:
        """Pictures that are drawn in training, at most."""
        return self.adversarial.images


class AdaptingRun(MappingRun):
    """As the mapping's training, but only an adapter over the base's networks learns."""

    def __init__(
        self,
        config: MappingConfig,
        adapter: AdapterConfig,
        base: Generator,
        vocabulary: Vocabulary,
        latents: tuple[Tensor, Tensor],
        attributes: Sequence[Mapping[str, str | None]],
        device: torch.device,
    ) -> None:
        weight = base.synthesis.base.weight.norm(dim=0)
        super().__init__(config, base.config, vocabulary, *latents, weight, attributes, device)
        found = {name: getattr(self.mapping, name).half().float() for name in ("mean", "std", "scale")}
        self.condition.load_state_dict(base.condition.state_dict())
        self.mapping.load_state_dict(base.mapping.state_dict() | found)
        steps.seed_step(config.seed, 0)  # an adapter starts from random directions
        for name in ("condition", "mapping"):
            make_adaptable(self.network[name], name, adapter)
        self.average = copy.deepcopy(self.network).eval().requires_grad_(False)
        self.optimizer = steps.scaled_adam([self.network], config.rate, (0.9, 0.99))


def train_adapter(
    config: AdapterTraining,
    data: Path,
    out: Path,
    resume: bool = False,
    should_stop: ShouldStop = never,
    update_progress: UpdateProgress = quietly,
) -> bool:
    """Run both phases and write the adapter to `out`; False when `should_stop` ended it early. In the last phase a stopped run
    leaves an adapter as well, of what it has learnt so far. `resume` is that of `train_generator`."""
    session = Session(out, resume, should_stop, update_progress)
    session.begin()
    update_progress("Reading the photos", 0.0)
    base = load_checkpoint(Path(config.base))
    generator, encoder = copy.deepcopy(base.generator), copy.deepcopy(base.encoder)
    photos = read_photos(config.data, data, encoder.config.size)
    compute = choose_compute()
    turn = fit_turn(generator.synthesis, photos.train, config.adapter.directions).rounded()
    turn.apply(generator.synthesis, encoder)
    encoder.to(compute.device)
    words = _learn_words(config, photos, generator, encoder, compute, session)
    if words is None:
        return False

    update_progress("Looking at the photos", 0.0)
    lesson, drawn, unseen = prepare(
        config.adversarial, config.data, data, photos, generator.config.size, words, encoder, compute,
        config.selection.looked_at(len(photos.train)),
    )  # fmt: skip
    steps.seed_step(config.adversarial.seed, 0)  # as above
    make_adaptable(generator.synthesis, "synthesis", config.adapter)
    run = AdversarialRun(
        config.adversarial, generator.synthesis, config.discriminator, CriticConfig(cond_dim=generator.config.cond_dim),
        load_recogniser(bundled("checkpoints") / "vision")[0].backbone, lesson, drawn, compute,
    )  # fmt: skip
    freeze_base(run.synthesis, "synthesis")  # the run let everything learn
    load_adversaries(Path(config.base), run.adversary, run.critic)
    selection = select_by_kid(config.selection, run.average_synthesis, photos.held_out, unseen, out)
    done = train_adversarial(run, session, selection)

    tensors = {f"base.{name}": each for name, each in turn._asdict().items()}
    for name, part in (
        ("condition", words.condition),
        ("mapping", words.mapping),
        ("synthesis", run.average_synthesis),
    ):
        tensors |= read_adapter(part, name)
    count = sum(tensor.numel() for tensor in tensors.values())
    checkpoint = dataclasses.replace(
        base,
        name=out.name,
        title=config.title,
        vocabulary=words.vocabulary,
        schema=words.schema,
        counts=words.counts,
        training={
            "set": data.name,
            "photos": len(photos.train),
            "held_out": len(photos.held_out),
            "held_out_share": config.data.held_out,
            "trim": config.data.trim,
            "mapping_latents": config.mapping.latents,
            "adversarial_images": run.images,
            "adapter_numbers": count,
            "adapter_share": round(count / sum(p.numel() for p in base.generator.parameters()), 5),
            "device": compute.device.type,
            "started_from": {"hash": base.hash, **base.training},
        },
    )
    save_adapter(out, checkpoint, base, tensors)
    write_gate(out, photos.train, photos.train_products)
    if done:
        update_progress("Done", 1.0)
    return done


def _learn_words(
    config: AdapterTraining,
    photos: Photos,
    generator: Generator,
    encoder: Encoder,
    compute: Compute,
    session: Session,
) -> Words | None:
    """The first phase; None: stopped early."""
    counts = count_values(photos.train_products, photos.schema, config.least)
    schema = photos.schema.restricted({a: set(c) for a, c in counts.items()})
    vocabulary = embed_vocabulary(schema, counts, TextEncoder.load(str(bundled("checkpoints") / "text")))
    latents = encode_photos(encoder, photos.train, compute)
    attributes = [p.attributes for p in photos.train_products]
    run = AdaptingRun(
        config.mapping, config.adapter, generator, vocabulary, latents, attributes, compute.device
    )
    if not train_mapping(run, session):
        return None
    condition, mapping = run.average["condition"], run.average["mapping"]
    assert isinstance(condition, Condition)
    assert isinstance(mapping, FlowMapping)
    return Words(condition, mapping, vocabulary, schema, counts, "text")
