"""What is asked of the generator and what it gives: a request in, pictures out."""

from __future__ import annotations

import random
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from ecomgen.errors import InvalidRequest
from ecomgen.schema import Attributes
from ecomgen.services.house_rules import Note
from ecomgen.services.recipes import ORIGINS, SEEDS, Recipe


@dataclass(frozen=True)
class GenerationRequest:
    """What is asked for. `attributes` are the user's edits: they win over the prompt, None forces "unspecified".

    Picture i has seed + i; with a `variation` (0 to 1, the share of the noise that is redrawn) the seed stays and
    picture i has variation_seed + i. psi in [0, 1]: 0 is the most typical product, 1 the full variety.
    With a `latent` of an earlier picture that very picture is drawn, whatever the attributes are; to change it, see
    services/control.py. With `retry` a picture of a plain seed that looks failed is drawn again from another one
    (services/gate.py). What is left open follows `shares` (attribute -> value -> share; those of an
    attribute sum to 1 at most, and for the rest of the pictures it stays open).
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
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def check(self, most: int) -> None:
        """Raise InvalidRequest for what no checkpoint can draw, such as more than `most` pictures at a time."""
        if not 1 <= self.count <= most:
            raise InvalidRequest(f"The number of pictures has to be from 1 to {most}.")
        for what, seed in (("seed", self.seed), ("variation seed", self.variation_seed)):
            if seed is not None and not 0 <= seed < SEEDS:
                raise InvalidRequest(
                    f"The {what} has to be a whole number from 0 to 9223372036854775807 (2^63 - 1)."
                )
        for what, share in (("variety (psi)", self.psi), ("variation", self.variation)):
            if not 0 <= share <= 1:  # also false for NaN
                raise InvalidRequest(f"The {what} has to be from 0 to 1.")
        if self.origin not in ORIGINS:
            raise InvalidRequest(f"The origin is one of: {', '.join(ORIGINS[1:])}.")
        if self.latent and (self.variation or self.count != 1):
            raise InvalidRequest("A latent is one picture: leave count at 1 and variation at 0.")

    def recipe(self, attributes: Attributes, seed: int, number: int) -> Recipe:
        """The recipe of the picture of this number."""
        varied = self.variation > 0
        own = seed if varied else (seed + number) % SEEDS
        variation_seed = (self.variation_seed + number) % SEEDS if varied else 0
        return Recipe(
            attributes=self._filled(attributes, own + variation_seed),
            psi=self.psi,
            seed=own,
            variation=self.variation,
            variation_seed=variation_seed,
            latent=self.latent,
            origin=self.origin,
        )

    def _filled(self, attributes: Attributes, seed: int) -> Attributes:
        """The attributes, and for those that nobody chose a value by its share; the same for the same seed."""
        filled = dict(attributes)
        for name, shares in self.shares.items():
            if not filled.get(name) and name not in self.attributes:
                rest = max(0.0, 1 - sum(shares.values()))
                chance = random.Random(f"{name} {seed}")
                filled[name] = chance.choices([*shares, None], [*shares.values(), rest])[0]
        return filled


@dataclass(frozen=True)
class Picture:
    """One generated picture and all that is needed to make it again. `set_aside`: as many tries before it looked failed.

    `rules`: what rules of the house changed of what was asked for.
    One of the best of several: of how many `candidates` it was chosen with the others, and the `variety` of these as a
    share of that of all candidates.
    """

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
    candidates: int = 0
    variety: float = 1.0
    rules: tuple[Note, ...] = ()

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
        if self.rules:
            plain["rules"] = [note.en for note in self.rules]
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
