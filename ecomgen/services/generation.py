"""Prompt, attributes and seed in, product pictures out: the one door to the generator for page, API and command line."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from ecomgen.errors import EcomgenError, InvalidRequest, PolicyRefusal
from ecomgen.schema import Attributes, Schema
from ecomgen.services.attributes import AttributeReader, Reading, check_prompt
from ecomgen.services.checkpoints import Checkpoints, ModelSummary
from ecomgen.services.gate import QualityGate, Settled
from ecomgen.services.guard import Guard
from ecomgen.services.house_rules import Ruled
from ecomgen.services.recipes import Recipe, read_latent
from ecomgen.services.records import GenerationRequest, Picture
from ecomgen.services.tensors import compute
from ecomgen.settings import Settings

if TYPE_CHECKING:
    from ecomgen.models.checkpoint import Checkpoint


class Generation:
    """Reads prompts, draws with the checkpoint that is asked for and sorts out failures. Safe to share between threads."""

    def __init__(self, settings: Settings, reader: AttributeReader) -> None:
        self._settings = settings
        self._reader = reader
        self._checkpoints = Checkpoints(settings)
        self._gate = QualityGate(settings)
        self._guard = Guard(settings)
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
        """What the prompt says about each attribute. Raises InvalidRequest for a prompt that cannot be read or is not allowed."""
        self._guard.check_prompt(prompt)
        return self._reader.read(prompt, self.vocabulary(model))

    def ruled(self, wanted: Mapping[str, str | None], prompt: str = "") -> Ruled:
        """What is wanted as the rules of the house allow it. Raises PolicyRefusal where no product would be left."""
        return self._guard.ruled(wanted, prompt)

    def vocabulary(self, model: str | None = None) -> Schema:
        """All that can be asked for: what the text encoder knows, and what only this checkpoint has learnt.

        Also what a checkpoint has not learnt, so that it can be told rather than drawn as something else.
        """
        return self._reader.schema.merged(self._checkpoints.schema_in_use(model))

    def models(self) -> list[ModelSummary]:
        """Every checkpoint there is, the default one first; damaged ones are listed with their problem."""
        return self._checkpoints.summaries()

    def measure(self) -> None:
        """Find out how this machine draws fastest with each usable checkpoint; it is kept and used from then on."""
        self._checkpoints.measure()

    def schema(self, model: str | None = None) -> Schema:
        """The attributes and values that a checkpoint has learnt. Raises InvalidRequest or CheckpointError."""
        return self._checkpoints.schema(model)

    def generate(self, request: GenerationRequest, times: int = 1) -> Iterator[Picture]:
        """Check the request at once, then give the pictures one by one as they are made; `times` as many, to choose from.

        Raises InvalidRequest and CheckpointError, before the first picture. The same seed gives the same pixels on
        the same machine, whatever the count: they are always drawn as many at a time.
        """
        request.check(self.most)
        model = self._checkpoints.name(request.model)
        vocabulary = self.vocabulary(model)
        edits = vocabulary.resolve(request.attributes)
        prompt, read = "", {}
        if request.prompt.strip() or not (any(edits.values()) or request.latent):
            prompt = check_prompt(request.prompt, self._settings.max_prompt_length)
            self._guard.check_prompt(request.prompt)
            read = {name: reading.value for name, reading in self._reader.read(prompt, vocabulary).items()}
        wanted = {**read, **edits}
        if not any(wanted.values()) and not request.latent:
            raise InvalidRequest(
                "Nothing in this prompt names a product, a colour or a look: try, for example, “red running shoes” or “红色跑鞋”."
            )
        ruled = self.ruled(wanted, prompt)
        checkpoint = self._checkpoints.load(model)
        used = self.learnt(ruled.attributes, checkpoint)
        seed = secrets.randbelow(2**31) if request.seed is None else request.seed
        request = replace(
            request,
            attributes={name: value for name, value in request.attributes.items() if name not in ruled.open},
            shares=_learnt_shares(request.shares, checkpoint) | _equal_shares(ruled.open, checkpoint),
        )
        recipes = [request.recipe(used, seed, i) for i in range(request.count * times)]
        return self.draw(checkpoint, prompt, [replace(r, rules=ruled.notes) for r in recipes], request.retry)

    def draw(
        self, checkpoint: Checkpoint, prompt: str, recipes: Sequence[Recipe], retry: bool = False
    ) -> Iterator[Picture]:
        """A picture for each recipe, in order, as they are made. Raises InvalidRequest for a latent of another
        checkpoint, before the first picture. With `retry` failed pictures of plain seeds are drawn again."""
        for recipe in recipes:
            if recipe.latent:
                read_latent(recipe.latent, checkpoint.generator.config.w_dim)
        if prompt:
            self._guard.check_prompt(prompt)
        return self._draw(
            checkpoint, prompt, [self._kept_to_rules(checkpoint, prompt, r) for r in recipes], retry
        )

    def _kept_to_rules(self, checkpoint: Checkpoint, prompt: str, recipe: Recipe) -> Recipe:
        """The recipe, changed where a rule of the house wants that; a latent cannot be changed and is refused."""
        ruled = self.ruled(recipe.attributes, prompt)
        if not ruled.notes:
            return recipe
        if recipe.latent:
            raise PolicyRefusal(*ruled.notes[0].why)
        attributes = self.learnt(ruled.attributes, checkpoint)
        return replace(recipe, attributes=attributes, rules=recipe.rules + ruled.notes)

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
        return self._checkpoints.load(model)

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


def _equal_shares(
    open_to: Mapping[str, Sequence[str]], checkpoint: Checkpoint
) -> dict[str, dict[str, float]]:
    """The same share for each of these values that the checkpoint can draw."""
    learnt = {
        name: [v for v in each if v in checkpoint.counts.get(name, {})] for name, each in open_to.items()
    }
    return {name: {v: 1 / len(values) for v in values} for name, values in learnt.items() if values}


def _learnt_shares(
    shares: Mapping[str, Mapping[str, float]], checkpoint: Checkpoint
) -> dict[str, dict[str, float]]:
    """The shares of what the checkpoint can draw."""
    learnt = {name: checkpoint.counts.get(name, {}) for name in shares}
    return {
        name: {v: s for v, s in each.items() if s > 0 and v in learnt[name]} for name, each in shares.items()
    }
