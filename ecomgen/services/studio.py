"""The Python door: `Studio.load().generate(...)` for scripts and notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from ecomgen.schema import Attributes
from ecomgen.services.attributes import AttributeReader, Reading
from ecomgen.services.control import Control
from ecomgen.services.generation import Generation
from ecomgen.services.recognition import Recognition
from ecomgen.services.records import GenerationRequest, Picture
from ecomgen.settings import Settings


class ProductImage(Image.Image):
    """A PIL image that knows what it shows: `attributes`, `prompt`, `seed`, and the whole `picture` behind it."""

    picture: Picture

    @classmethod
    def of(cls, picture: Picture) -> ProductImage:
        """The picture's pixels as a ProductImage; `info` carries its parameters."""
        image = picture.image.copy()
        image.__class__ = cls  # Pillow offers no constructor from an image, and a subclass adds no storage
        assert isinstance(image, cls)
        image.info.update(picture.parameters())
        image.picture = picture
        return image

    @property
    def attributes(self) -> Attributes:
        """Attribute -> value, None where unspecified."""
        return self.picture.attributes

    @property
    def prompt(self) -> str:
        """The prompt as it was read."""
        return self.picture.prompt

    @property
    def seed(self) -> int:
        """The seed that makes this picture again."""
        return self.picture.seed


class Studio:
    """One checkpoint and the text encoder, ready to draw."""

    def __init__(self, generation: Generation, recognition: Recognition, model: str | None) -> None:
        self._generation, self._recognition = generation, recognition
        self._control = Control(generation)
        self._model = model

    @classmethod
    def load(cls, model: str | None = None, settings: Settings | None = None) -> Studio:
        """The checkpoint named `model` (default: the bundled one). Raises CheckpointError when it is not there."""
        settings = settings or Settings()
        generation = Generation(settings, AttributeReader(settings))
        generation.schema(model)
        return cls(generation, Recognition(settings), model)

    def attributes(self, prompt: str) -> dict[str, Reading]:
        """What the prompt says about each attribute, with a confidence."""
        return self._generation.understand(prompt)

    def generate(
        self,
        prompt: str,
        count: int = 8,
        seed: int | None = None,
        psi: float = 0.8,
        attributes: Mapping[str, str | None] | None = None,
        **more: Any,
    ) -> list[ProductImage]:
        """PIL images with their attributes; `attributes` win over the prompt. Raises InvalidRequest."""
        request = GenerationRequest(
            prompt=prompt,
            count=count,
            seed=seed,
            psi=psi,
            model=self._model,
            attributes=attributes or {},
            **more,
        )
        return [ProductImage.of(picture) for picture in self._generation.generate(request)]

    def from_photo(
        self, photo: Image.Image, attributes: Mapping[str, str | None] | None = None, count: int = 1
    ) -> list[ProductImage]:
        """The product of a photo with these attributes changed; without any, its reconstruction. Raises InvalidRequest."""
        seen = {
            name: reading.value for name, reading in self._recognition.recognise(photo.convert("RGB")).items()
        }
        start = self._control.photo(photo.convert("RGB"), seen, self._model)
        wanted = {**start.recipe.attributes, **(attributes or {})}
        made = self._control.edit(start.recipe, wanted, count, model=self._model)
        return [ProductImage.of(picture) for picture in made]

    def colours(self, image: ProductImage, colours: Sequence[str] | None = None) -> list[ProductImage]:
        """The same product in other colours: those named, or the commonest eight. Raises InvalidRequest."""
        return [ProductImage.of(picture) for picture in self._control.colours(image.picture, colours)]

    def mix(self, shape: ProductImage, look: ProductImage) -> ProductImage:
        """The shape of one picture with the colour, pattern and material of another. Raises InvalidRequest."""
        (picture,) = self._control.mix(shape.picture, look.picture)
        return ProductImage.of(picture)

    def between(self, first: ProductImage, last: ProductImage, count: int = 6) -> list[ProductImage]:
        """A strip of pictures from one to the other, both included. Raises InvalidRequest."""
        strip = self._control.between(first.picture, last.picture, count)
        return [ProductImage.of(picture) for picture in strip]
