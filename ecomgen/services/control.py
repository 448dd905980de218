"""New pictures from what there is: a photo's shape, other colours, more like this, a mix of two, what lies in between.

Every edit is the difference that it makes to w: of a picture's noise z and attributes c, w' = w + map(z', c') - map(z, c). So
a photo, whose z is only nearly known, stays exactly itself until something is changed. A result that no seed makes keeps its w in
its recipe, so that it is made again from its own metadata alone and can be edited further.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from ecomgen.errors import InvalidRequest, PolicyRefusal
from ecomgen.schema import Attributes
from ecomgen.services.generation import Generation
from ecomgen.services.house_rules import Note
from ecomgen.services.recipes import SEEDS, Made, Recipe
from ecomgen.services.records import Picture
from ecomgen.services.tensors import compute

if TYPE_CHECKING:
    from torch import Tensor

    from ecomgen.models.checkpoint import Checkpoint
    from ecomgen.models.mapping import Moment

LOOK = ("colour", "pattern", "material")
"""The attributes that a mix takes from the picture that gives the look."""

UNLIKE = 0.1
"""Mean absolute difference (in [-1, 1]) between a photo and its reconstruction from which on it is unlike anything learnt: 1 % of
held-out photos of known categories have more, half of the phone photos of clothes do (64 px)."""

_CHANGE = 0.25  # share of the noise that tells apart several pictures of one photo


class Source(Made, Protocol):
    """A picture that was made, with the checkpoint that made it."""

    @property
    def prompt(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def model_hash(self) -> str: ...


@dataclass(frozen=True)
class Start:
    """A photo as the generator sees it: its recipe, its reconstruction, and their mean difference (0 to 2)."""

    recipe: Recipe
    image: Image.Image
    difference: float

    @property
    def unlike(self) -> bool:
        """Whether the photo is unlike anything that the checkpoint learnt."""
        return self.difference > UNLIKE


class Control:
    """All that makes pictures from a photo or from pictures. Requests are checked before the first picture.

    Raises InvalidRequest and CheckpointError.
    """

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    def photo(
        self, image: Image.Image, attributes: Mapping[str, str | None], model: str | None = None
    ) -> Start:
        """The photo in the generator's space; `attributes` are what it shows, as far as that is known."""
        from ecomgen.data.photos import pad_to_square, trim_border

        checkpoint = self._generation.checkpoint(model)
        shown = {name: v if v in checkpoint.counts.get(name, {}) else None for name, v in attributes.items()}
        framed = np.array(pad_to_square(trim_border(image), checkpoint.generator.config.size))
        return compute(_invert, checkpoint, framed, shown)

    def edit(
        self,
        recipe: Recipe,
        attributes: Mapping[str, str | None],
        count: int = 1,
        seed: int = 0,
        prompt: str = "",
        model: str | None = None,
    ) -> Iterator[Picture]:
        """The picture of a photo with these attributes instead; after the first one, the noise varies a little as well."""
        checkpoint = self._generation.checkpoint(model)
        self._check_count(count)
        wanted, notes = self._settled(checkpoint, attributes, prompt)
        variations = [(0.0, 0), *((_CHANGE, (seed + i) % SEEDS) for i in range(1, count))]
        recipes = compute(_changed, checkpoint, recipe, [wanted], "photo", variations)
        return self._generation.draw(checkpoint, prompt, [replace(each, rules=notes) for each in recipes])

    def vary(self, made: Source, count: int, variation: float, seed: int) -> Iterator[Picture]:
        """More like this: the same attributes, the share `variation` of its noise drawn anew."""
        checkpoint, recipe = self._source(made)
        self._check_count(count)
        if not 0 < variation <= 1:
            raise InvalidRequest("The variation has to be above 0 and at most 1.")
        seeds = [(seed + i) % SEEDS for i in range(count)]
        if recipe.latent or recipe.variation:
            origin, variations = recipe.origin or "edit", [(variation, s) for s in seeds]
            recipes = compute(_changed, checkpoint, recipe, [recipe.attributes], origin, variations)
        else:
            recipes = [replace(recipe, variation=variation, variation_seed=s, origin="") for s in seeds]
        return self._generation.draw(checkpoint, made.prompt, recipes)

    def colours(self, made: Source, colours: Sequence[str] | None = None) -> Iterator[Picture]:
        """The same noise in other colours: those named, or the eight that the checkpoint saw most."""
        checkpoint, recipe = self._source(made)
        if colours is None:
            seen = checkpoint.counts.get("colour", {})
            ranked = sorted(seen, key=lambda name: -seen[name])
            others = [c for c in ranked if c not in (recipe.attributes.get("colour"), "multicolour")]
            colours = [c for c in others if not self._in_colour(checkpoint, made, c)[1]][:8]
        if not colours:
            raise InvalidRequest("This checkpoint has not learnt any other colour.")
        self._check_count(len(colours))
        wanted = []
        for colour in colours:
            settled, notes = self._in_colour(checkpoint, made, colour)
            if any(note.attribute == "colour" for note in notes):
                raise PolicyRefusal(*notes[0].why)
            wanted.append(settled)
        recipes = compute(_changed, checkpoint, recipe, wanted, "colours", [(0.0, 0)])
        return self._generation.draw(checkpoint, made.prompt, recipes)

    def mix(self, shape: Source, look: Source) -> Iterator[Picture]:
        """The shape of one picture with colour, pattern and material of another."""
        checkpoint, first, second = self._two(shape, look)
        recipe = compute(_mixed, checkpoint, first, second)
        return self._generation.draw(checkpoint, shape.prompt, [recipe])

    def between(self, first: Source, last: Source, count: int = 6) -> Iterator[Picture]:
        """A strip of `count` pictures (at least 3) from one to the other, both included."""
        checkpoint, a, b = self._two(first, last)
        self._check_count(count)
        if count < 3:
            raise InvalidRequest("In between two pictures there has to be one at least: ask for 3 or more.")
        recipes = compute(_between, checkpoint, a, b, count)
        return self._generation.draw(checkpoint, first.prompt, recipes)

    def _source(self, made: Source) -> tuple[Checkpoint, Recipe]:
        checkpoint = self._generation.checkpoint(made.model)
        if checkpoint.hash != made.model_hash:
            raise InvalidRequest(
                "This picture was made by an earlier checkpoint of that name: make it again first."
            )
        return checkpoint, Recipe.of(made)

    def _two(self, a: Source, b: Source) -> tuple[Checkpoint, Recipe, Recipe]:
        if a.model != b.model:
            raise InvalidRequest(
                "The two pictures come from different checkpoints: take two of the same checkpoint."
            )
        checkpoint, first = self._source(a)
        return checkpoint, first, self._source(b)[1]

    def _in_colour(
        self, checkpoint: Checkpoint, made: Source, colour: str
    ) -> tuple[Attributes, tuple[Note, ...]]:
        settled, notes = self._settled(checkpoint, {**made.attributes, "colour": colour}, made.prompt)
        if settled.get("colour") is None:
            raise InvalidRequest(f"The checkpoint “{checkpoint.name}” has not learnt {colour}.")
        return settled, notes

    def _settled(
        self, checkpoint: Checkpoint, attributes: Mapping[str, str | None], prompt: str
    ) -> tuple[Attributes, tuple[Note, ...]]:
        """The attributes by the names that the checkpoint knows, as the rules of the house allow them, and what these changed."""
        ruled = self._generation.ruled(
            self._generation.vocabulary(checkpoint.name).resolve(attributes), prompt
        )
        return self._generation.learnt(ruled.attributes, checkpoint), ruled.notes

    def _check_count(self, count: int) -> None:
        most = self._generation.most
        if not 1 <= count <= most:
            raise InvalidRequest(f"The number of pictures has to be from 1 to {most}.")


def _invert(checkpoint: Checkpoint, framed: np.ndarray, attributes: Attributes) -> Start:
    """The encoder's w of uint8 [size, size, 3], and the picture that the synthesis network makes of it."""
    import torch

    from ecomgen.services import drawing
    from ecomgen.training.autoencoder import to_tensor

    photo = torch.from_numpy(framed)[None]
    with torch.inference_mode():
        w = checkpoint.encoder(to_tensor(photo))[0][0]
    recipe = Recipe(attributes=attributes, psi=1.0).with_latent(w, attributes, "photo")
    pixels = drawing.pixels_of(checkpoint, [recipe])[0]
    difference = float(np.abs(pixels.astype(np.float32) - framed).mean()) / 127.5
    return Start(recipe, Image.fromarray(pixels), difference)


def _changed(
    checkpoint: Checkpoint,
    recipe: Recipe,
    wanted: Sequence[Attributes],
    origin: str,
    variations: Sequence[tuple[float, int]],
) -> list[Recipe]:
    """The recipes of the picture with each of these attributes and, of each, with shares of its noise drawn anew."""
    import torch

    from ecomgen.services import drawing

    if not recipe.latent and variations == [(0.0, 0)]:
        return [replace(recipe, attributes=attributes, origin=origin) for attributes in wanted]
    recipes = []
    with torch.inference_mode():
        w, x, c = _opened(checkpoint, recipe)
        w = w - drawing.mapped(checkpoint, x, c)
        for attributes in wanted:
            moments = drawing.schedule(checkpoint, attributes)
            for variation, seed in variations:
                if attributes == recipe.attributes and not variation:
                    recipes.append(replace(recipe, origin=origin))
                    continue
                turned = drawing.turned(x, variation, seed)
                moved = w + drawing.mapped(checkpoint, turned, moments)
                recipes.append(recipe.with_latent(moved[0], attributes, origin))
    return recipes


def _opened(checkpoint: Checkpoint, recipe: Recipe) -> tuple[Tensor, Tensor, list[Moment]]:
    """w [1, w_dim] of a recipe, the noise (psi included) that leads there, and the schedule of its attributes."""
    from ecomgen.services import drawing

    moments = drawing.schedule(checkpoint, recipe.attributes)
    w = drawing.latents(checkpoint, [recipe])
    if recipe.latent:
        return w, checkpoint.generator.mapping.invert(w, moments), moments
    return w, drawing.noise(w.shape[1], recipe) * recipe.psi, moments


def _mixed(checkpoint: Checkpoint, shape: Recipe, look: Recipe) -> Recipe:
    """The attributes of the look take effect on the noise of the shape; then the mean colour is met: what each colour's edit
    does to the base picture is linear, so that the combination of edits is a small ridge regression."""
    import torch
    import torch.nn.functional as F

    from ecomgen.services import drawing

    attributes = {
        **shape.attributes,
        **{name: value for name in LOOK if (value := look.attributes.get(name)) is not None},
    }
    synthesis = checkpoint.generator.synthesis
    with torch.inference_mode():
        w, x, moments = _opened(checkpoint, shape)
        start = drawing.mapped(checkpoint, x, drawing.schedule(checkpoint, attributes))
        w = w + start - drawing.mapped(checkpoint, x, moments)
        colours = checkpoint.counts.get("colour", {})
        if colours:
            asked = checkpoint.vocabulary.lookup([{**attributes, "colour": colour} for colour in colours])
            edits = checkpoint.generator.mapping(
                x.expand(len(colours), -1), checkpoint.generator.schedule(*asked)
            )
            edits = edits - start
            pictures = [torch.from_numpy(p) for p in drawing.synthesise(checkpoint, w)]
            pictures += [torch.from_numpy(p) for p in drawing.pixels_of(checkpoint, [look])]
            shown, wanted = (_mean_colour(p, _silhouette(p)) for p in pictures)
            side = synthesis.config.base_size
            weight = F.adaptive_avg_pool2d(_silhouette(pictures[0])[None].float(), side)[0]
            changes = F.linear(edits, synthesis.base.weight).view(len(edits), 3, side, side)
            reach = ((changes * weight).sum((2, 3)) / weight.sum().clamp(min=1e-3)).t()  # [3, colours]
            ridge = reach @ reach.t() + 0.3 * torch.eye(3)
            w = w + (edits.t() @ reach.t() @ torch.linalg.solve(ridge, wanted - shown))[None]
        return shape.with_latent(w[0], attributes, "mix")


def _silhouette(picture: Tensor) -> Tensor:
    """Where a uint8 picture [s, s, 3] differs from its border: bool [s, s]."""
    import torch

    values = picture.float()
    border = torch.cat([values[0], values[-1], values[:, 0], values[:, -1]]).median(0).values
    return (values - border).abs().amax(2) > 18


def _mean_colour(picture: Tensor, where: Tensor) -> Tensor:
    """The mean colour [3] in [-1, 1] of a uint8 picture where the mask says so."""
    return (picture.float() * where[..., None]).sum((0, 1)) / where.sum().clamp(min=1) / 127.5 - 1


def _between(checkpoint: Checkpoint, first: Recipe, last: Recipe, count: int) -> list[Recipe]:
    """Noise along the great circle and conditions along a line go through the mapping: a line between the two w would only
    fade one picture into the other."""
    import torch

    from ecomgen.services import drawing

    generator, vocabulary = checkpoint.generator, checkpoint.vocabulary
    with torch.inference_mode():
        (wa, xa, ca), (wb, xb, cb) = _opened(checkpoint, first), _opened(checkpoint, last)
        rest_a, rest_b = (
            wa - drawing.mapped(checkpoint, xa, ca),
            wb - drawing.mapped(checkpoint, xb, cb),
        )
        names, values, known = vocabulary.lookup([first.attributes, last.attributes])
        conditions = generator.condition(names, values, known)
        nothing = generator.condition(names[:1], values[:1], torch.zeros_like(known[:1]))
        recipes = [replace(first, origin="between")]
        for i in range(1, count - 1):
            share = i / (count - 1)
            c = torch.lerp(conditions[:1], conditions[1:], share)
            w = drawing.mapped(checkpoint, _arc(xa, xb, share), generator.mapping.schedule(c, nothing))
            w = w + torch.lerp(rest_a, rest_b, share)
            nearer = first if share <= 0.5 else last
            recipes.append(nearer.with_latent(w[0], nearer.attributes, "between"))
        return [*recipes, replace(last, origin="between")]


def _arc(a: Tensor, b: Tensor, share: float) -> Tensor:
    """A point of the great circle from a to b [1, n] (Shoemake 1985), its length in between theirs."""
    import torch

    lengths = a.norm(), b.norm()
    if min(lengths) < 1e-6:
        return torch.lerp(a, b, share)
    a, b = a / lengths[0], b / lengths[1]
    angle = torch.acos((a * b).sum().clamp(-1 + 1e-6, 1 - 1e-6))
    arc = (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)
    return arc * torch.lerp(*lengths, share)
