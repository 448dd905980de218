"""Prompt, attributes and seed in, product pictures out: the one door to the generator for page, API and command line."""

from __future__ import annotations

import re
import secrets
import shlex
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import Image

from ecomgen.errors import CheckpointError, EcomgenError, InvalidRequest
from ecomgen.schema import Attributes, Schema
from ecomgen.services.attributes import AttributeReader, Reading, check_prompt
from ecomgen.services.engine import Engine
from ecomgen.services.gate import QualityGate, Settled
from ecomgen.services.recipes import ORIGINS, SEEDS, Recipe, read_latent
from ecomgen.services.tensors import compute
from ecomgen.settings import Settings

if TYPE_CHECKING:
    from ecomgen.models.checkpoint import Checkpoint

_KEPT_IN_MEMORY = 2

_NAME = re.compile(r"[\w][\w.-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class GenerationRequest:
    """What is asked for. `attributes` are the user's edits: they win over the prompt, None forces "unspecified".

    Picture i has seed + i; with a `variation` (0 to 1, the share of the noise that is redrawn) the seed stays and
    picture i has variation_seed + i. psi in [0, 1]: 0 is the most typical product, 1 the full variety.
    With a `latent` of an earlier picture that very picture is drawn, whatever the attributes are; to change it, see
    services/control.py. With `retry` a picture of a plain seed that looks failed is drawn again from another one
    (services/gate.py).
    """

    prompt: str = ""
    count: int = 8
    seed: int | None = None
    psi: float = 0.8
    model: str | None = None
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    variation: float = 0.0
    variation_seed: int = 0
    latent: str = ""
    origin: str = ""
    retry: bool = True


@dataclass(frozen=True)
class Picture:
    """One generated picture and all that is needed to make it again. `set_aside`: as many tries before it looked failed."""

    id: str
    image: Image.Image = field(repr=False)
    prompt: str
    attributes: Attributes
    seed: int
    psi: float
    model: str
    model_hash: str
    variation: float = 0.0
    variation_seed: int = 0
    latent: str = ""
    origin: str = ""
    set_aside: int = 0

    def parameters(self) -> dict[str, Any]:
        """Plain data: everything but the id and the pixels."""
        plain: dict[str, Any] = {
            "prompt": self.prompt,
            "attributes": self.attributes,
            "seed": self.seed,
            "psi": self.psi,
            "model": self.model,
            "model_hash": self.model_hash,
        }
        if self.variation:
            plain |= {"variation": self.variation, "variation_seed": self.variation_seed}
        if self.origin:
            plain["origin"] = self.origin
        if self.latent:
            plain["latent"] = self.latent
        if self.set_aside:
            tries = "1 try" if self.set_aside == 1 else f"{self.set_aside} tries"
            plain |= {
                "set_aside": self.set_aside,
                "note": f"{tries} looked failed and made way for this picture.",
            }
        return plain

    def command(self) -> str:
        """The command line that makes this very picture."""
        words = [
            "ecomgen",
            "generate",
            self.prompt,
            "--count",
            "1",
            "--seed",
            str(self.seed),
            "--psi",
            f"{self.psi:g}",
        ]
        words += ["--model", self.model, "--no-retry"]
        if self.variation:
            words += ["--variation", f"{self.variation:g}", "--variation-seed", str(self.variation_seed)]
        if self.origin:
            words += ["--origin", self.origin]
        if self.latent:
            words += ["--latent", self.latent]
        for name, value in self.attributes.items():
            words += ["--set", f"{name}={value or 'unspecified'}"]
        return shlex.join([*words, "--out", "pictures"])


@dataclass(frozen=True)
class ModelSummary:
    """A checkpoint as it is listed: what it knows, or in one sentence why it cannot be used."""

    name: str
    title: str = ""
    size: int = 0
    categories: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hash: str = ""
    drawn_by: str = ""
    problem: str | None = None


class Generation:
    """Loads checkpoints when they are first needed, keeps the last two, and draws. Safe to share between threads."""

    def __init__(self, settings: Settings, reader: AttributeReader) -> None:
        self._settings = settings
        self._reader = reader
        self._loaded: OrderedDict[str, Checkpoint] = OrderedDict()
        self._loading = threading.Lock()
        self._gate = QualityGate(settings)
        self._engine = Engine(settings.home, settings.threads)
        self.ready = False

    def warm_up(self) -> threading.Thread:
        """Load the default checkpoint and the text encoder in the background; errors wait for the first request."""

        def load() -> None:
            try:
                self._reader.load()
                for _ in self.generate(GenerationRequest(prompt="red shoes", count=1, seed=0)):
                    pass
            except EcomgenError:
                pass
            finally:
                self.ready = True

        thread = threading.Thread(target=load, name="warm-up", daemon=True)
        thread.start()
        return thread

    def understand(self, prompt: str, model: str | None = None) -> dict[str, Reading]:
        """What the prompt says about each attribute. Raises InvalidRequest for a prompt that cannot be read."""
        return self._reader.read(prompt, self.vocabulary(model))

    def vocabulary(self, model: str | None = None) -> Schema:
        """All that can be asked for: what the text encoder knows, and what only this checkpoint has learnt.

        Also what a checkpoint has not learnt, so that it can be told rather than drawn as something else.
        """
        name = self._check_model(model)
        loaded = self._loaded.get(name)
        return self._reader.schema.merged(loaded.schema if loaded else self.schema(name))

    def models(self) -> list[ModelSummary]:
        """Every checkpoint there is, the default one first; damaged ones are listed with their problem."""
        folder = self._settings.checkpoints
        names = sorted(p.parent.name for p in folder.glob("*/config.json")) if folder.is_dir() else []
        summaries = [s for name in names if (s := self._summary(name)) is not None]
        return sorted(summaries, key=lambda s: s.name != self._settings.model)

    def measure(self) -> None:
        """Find out how this machine draws fastest with each usable checkpoint; it is kept and used from then on."""
        for summary in self.models():
            if summary.problem is None:
                compute(self._engine.measure, self._load(summary.name))

    def schema(self, model: str | None = None) -> Schema:
        """The attributes and values that a checkpoint has learnt. Raises InvalidRequest or CheckpointError."""
        from ecomgen.models.checkpoint import read_config

        return Schema.from_dict(read_config(self._settings.checkpoints / self._check_model(model))["schema"])

    def generate(self, request: GenerationRequest) -> Iterator[Picture]:
        """Check the request at once, then give the pictures one by one as they are made.

        Raises InvalidRequest and CheckpointError, before the first picture. The same seed gives the same pixels on
        the same machine, whatever the count: they are always drawn as many at a time.
        """
        settings = self._settings
        if not 1 <= request.count <= settings.max_count:
            raise InvalidRequest(f"The number of pictures has to be from 1 to {settings.max_count}.")
        for what, seed in (("seed", request.seed), ("variation seed", request.variation_seed)):
            if seed is not None and not 0 <= seed < SEEDS:
                raise InvalidRequest(
                    f"The {what} has to be a whole number from 0 to 9223372036854775807 (2^63 - 1)."
                )
        for what, share in (("variety (psi)", request.psi), ("variation", request.variation)):
            if not 0 <= share <= 1:  # also false for NaN
                raise InvalidRequest(f"The {what} has to be from 0 to 1.")
        if request.origin not in ORIGINS:
            raise InvalidRequest(f"The origin is one of: {', '.join(ORIGINS[1:])}.")
        if request.latent and (request.variation or request.count != 1):
            raise InvalidRequest("A latent is one picture: leave count at 1 and variation at 0.")
        model = self._check_model(request.model)
        vocabulary = self.vocabulary(model)
        edits = vocabulary.resolve(request.attributes)
        prompt, read = "", {}
        if request.prompt.strip() or not (any(edits.values()) or request.latent):
            prompt = check_prompt(request.prompt, settings.max_prompt_length)
            read = {name: reading.value for name, reading in self._reader.read(prompt, vocabulary).items()}
        wanted = {**read, **edits}
        if not any(wanted.values()) and not request.latent:
            raise InvalidRequest(
                "Nothing in this prompt names a product, a colour or a look: try, for example, “red running shoes” or “红色跑鞋”."
            )
        checkpoint = self._load(model)
        used = self.learnt(wanted, checkpoint)
        seed = secrets.randbelow(2**31) if request.seed is None else request.seed
        recipes = [_recipe(request, used, seed, i) for i in range(request.count)]
        return self.draw(checkpoint, prompt, recipes, request.retry)

    def draw(
        self, checkpoint: Checkpoint, prompt: str, recipes: Sequence[Recipe], retry: bool = False
    ) -> Iterator[Picture]:
        """A picture for each recipe, in order, as they are made. Raises InvalidRequest for a latent of another
        checkpoint, before the first picture. With `retry` failed pictures of plain seeds are drawn again."""
        for recipe in recipes:
            if recipe.latent:
                read_latent(recipe.latent, checkpoint.generator.config.w_dim)
        return self._draw(checkpoint, prompt, recipes, retry)

    def _draw(
        self, checkpoint: Checkpoint, prompt: str, recipes: Sequence[Recipe], retry: bool
    ) -> Iterator[Picture]:
        from ecomgen.services.drawing import TOGETHER, Schedules, pixels_of

        schedules: Schedules = {}

        def draw(some: Sequence[Recipe]) -> list[Settled]:
            pixels = compute(pixels_of, checkpoint, some, schedules)
            return [Settled(array, recipe) for array, recipe in zip(pixels, some, strict=True)]

        for start in range(0, len(recipes), TOGETHER):
            made = draw(recipes[start : start + TOGETHER])
            for settled in self._gate.settle(checkpoint, made, draw) if retry else made:
                yield Picture(
                    id=secrets.token_hex(16),
                    image=Image.fromarray(settled.pixels),
                    prompt=prompt,
                    model=checkpoint.name,
                    model_hash=checkpoint.hash,
                    set_aside=settled.set_aside,
                    **vars(settled.recipe),
                )

    @property
    def most(self) -> int:
        """How many pictures one request may ask for."""
        return self._settings.max_count

    def checkpoint(self, model: str | None = None) -> Checkpoint:
        """The checkpoint of this name, loaded. Raises CheckpointError."""
        return self._load(self._check_model(model))

    def learnt(self, wanted: Mapping[str, str | None], checkpoint: Checkpoint) -> Attributes:
        """What is wanted, without what the checkpoint never saw; a product it never saw is refused."""
        category = wanted.get("category")
        known = checkpoint.counts
        if category is not None and category not in known.get("category", {}):
            names = ", ".join(v.name for v in checkpoint.schema["category"].values)
            raise InvalidRequest(
                f"The checkpoint “{checkpoint.name}” has not learnt {category}; it knows: {names}."
            )
        return {name: value if value in known.get(name, {}) else None for name, value in wanted.items()}

    def _check_model(self, model: str | None) -> str:
        name = model or self._settings.model
        if not _NAME.fullmatch(name) or not (self._settings.checkpoints / name / "config.json").is_file():
            usable = ", ".join(s.name for s in self.models() if s.problem is None) or "none"
            raise CheckpointError(f"There is no checkpoint “{name[:64]}”; there are: {usable}.")
        return name

    def _load(self, name: str) -> Checkpoint:
        """The checkpoint from memory or disk; only one is read at a time, and two are kept."""
        with self._loading:
            if name not in self._loaded:
                self._loaded[name] = self._engine.equip(compute(_read, self._settings, name))
                while len(self._loaded) > _KEPT_IN_MEMORY:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(name)
            return self._loaded[name]

    def _summary(self, name: str) -> ModelSummary | None:
        """None for a folder that holds no generator, such as the text encoder's."""
        from ecomgen.models.checkpoint import is_other_network, known_values, read_config

        folder = self._settings.checkpoints / name
        if is_other_network(folder):
            return None
        try:
            plain = read_config(folder)
            known = known_values(Schema.from_dict(plain["schema"]), plain["counts"])
            return ModelSummary(
                name=name,
                title=plain["title"],
                size=4 * 2 ** (len(plain["generator"]["channels"]) - 1),
                categories=known.get("category", ()),
                attributes=known,
                hash=plain["sha256"][:12],
                drawn_by=str(self._engine.choice(plain["sha256"][:12]) or ""),
                problem=None if (folder / "model.safetensors").is_file() else "Its weights are missing.",
            )
        except EcomgenError as error:
            return ModelSummary(name=name, problem=str(error))
        except (KeyError, TypeError, AttributeError):
            return ModelSummary(name=name, problem="Its config.json is damaged.")


def _read(settings: Settings, name: str) -> Checkpoint:
    import torch

    from ecomgen.models.checkpoint import load_checkpoint

    if settings.threads:
        torch.set_num_threads(settings.threads)
    return load_checkpoint(settings.checkpoints / name)


def _recipe(request: GenerationRequest, attributes: Attributes, seed: int, number: int) -> Recipe:
    """The recipe of the picture of this number."""
    varied = request.variation > 0
    return Recipe(
        attributes=attributes,
        psi=request.psi,
        seed=seed if varied else (seed + number) % SEEDS,
        variation=request.variation,
        variation_seed=(request.variation_seed + number) % SEEDS if varied else 0,
        latent=request.latent,
        origin=request.origin,
    )
