"""From a photo to attributes with a confidence each: the one door to the recogniser for page, API and command line."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ecomgen.data.archive import Limits
from ecomgen.data.photos import decode_photo, pad_to_square, trim_border
from ecomgen.errors import CheckpointError, DataError, InvalidRequest
from ecomgen.schema import Schema
from ecomgen.services.attributes import Reading
from ecomgen.services.decency import Decency
from ecomgen.services.tensors import compute
from ecomgen.settings import Settings

if TYPE_CHECKING:
    from ecomgen.models.recogniser import Recogniser

FOLDER = "vision"
"""The recogniser's folder among the checkpoints."""

LEAST = {"category": 0.4, "colour": 0.4}
"""A value with less confidence is not told: it is more likely wrong than right. Every photo has a category and a colour; the
other attributes were taught only with photos that have them, so that they need more: `_LEAST_OF_OTHERS`."""

_LEAST_OF_OTHERS = 0.6


@dataclass(frozen=True)
class Sight:
    """What the recogniser makes of photos: `features` [n, 256] of its backbone, and for each attribute the calibrated
    `probabilities` [n, 1 + values] of [something else, *values]. float32."""

    features: np.ndarray
    probabilities: dict[str, np.ndarray]


class Recognition:
    """The recogniser behind one door: loads on first use, safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.checkpoints / FOLDER
        self._decency = Decency(settings)
        self._loading = threading.Lock()
        self._decoding = (
            threading.Lock()
        )  # 20 million pixels take 200 MB while they are decoded: one photo at a time
        self._loaded: tuple[Recogniser, Schema] | None = None

    def load(self) -> None:
        """Load the recogniser now rather than on first use. Raises CheckpointError."""
        self._load()

    @property
    def schema(self) -> Schema:
        """The schema that names what is recognised. Raises CheckpointError."""
        return self._load()[1]

    @property
    def values(self) -> dict[str, tuple[str, ...]]:
        """Attribute -> the values that are told apart. Raises CheckpointError."""
        return dict(self._load()[0].config.values)

    def open(self, content: bytes) -> Image.Image:
        """The bytes of a PNG, JPEG or WebP file, which may be anything, as an RGB photo. Raises InvalidRequest, also for
        what a shop cannot use."""
        if len(content) > Limits.entry_bytes:
            raise InvalidRequest(f"The photo is larger than {Limits.entry_bytes / 2**20:.0f} MB.")
        try:
            with self._decoding:
                photo = decode_photo(content, Limits.pixels)
        except DataError as error:
            raise InvalidRequest(
                f"The photo cannot be used: {str(error).replace('It ', 'it ', 1)}"
            ) from error
        self._decency.check(photo)
        return photo

    def recognise(self, image: Image.Image) -> dict[str, Reading]:
        """Every attribute that the recogniser knows, in order; None where it sees something else or is not sure enough.

        The confidence is that in the likeliest answer, also when it is not told. Raises CheckpointError.
        """
        return self.readings(self.look([self.frame(image)]))[0]

    def frame(self, image: Image.Image) -> np.ndarray:
        """A photo as the recogniser was taught to see them: uint8 [size, size, 3]. Raises CheckpointError."""
        return np.asarray(pad_to_square(trim_border(image), self._load()[0].size))

    def look(self, framed: Sequence[np.ndarray]) -> Sight:
        """What is seen in framed photos. Raises CheckpointError."""
        recogniser, _ = self._load()
        if not len(framed):
            shapes = {name: (0, 1 + len(values)) for name, values in recogniser.config.values.items()}
            empty = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
            return Sight(np.zeros((0, recogniser.backbone.features), np.float32), empty)
        return compute(_look, recogniser, np.stack(framed))

    def readings(self, sight: Sight, least: float | None = None) -> list[dict[str, Reading]]:
        """For each photo what is told of it: values with a confidence of `least` (None: that of the attribute) or more."""
        n = len(sight.features)
        result: list[dict[str, Reading]] = [{} for _ in range(n)]
        for name, values in self.values.items():
            rows = sight.probabilities[name]
            enough = LEAST.get(name, _LEAST_OF_OTHERS) if least is None else least
            for told, best, confidence in zip(result, rows.argmax(axis=1), rows.max(axis=1), strict=True):
                sure = best > 0 and confidence >= enough
                told[name] = Reading(values[best - 1] if sure else None, round(float(confidence), 4))
        return result

    def _load(self) -> tuple[Recogniser, Schema]:
        with self._loading:
            if self._loaded is None:
                self._loaded = compute(_read, self._folder)
            return self._loaded


def read_file(path: Path) -> bytes:
    """A photo's file, at most a little more of it than is allowed. Raises InvalidRequest."""
    try:
        with path.open("rb") as file:
            return file.read(Limits.entry_bytes + 1)
    except OSError as error:
        raise InvalidRequest(f"The photo cannot be read: {error.strerror}.") from error


def _read(folder: Path) -> tuple[Recogniser, Schema]:
    from ecomgen.models.recogniser import load_recogniser

    if not folder.is_dir():
        raise CheckpointError(
            f"Photos cannot be read here: there is no recogniser (no folder “{FOLDER}” among the checkpoints)."
        )
    try:
        return load_recogniser(folder)
    except CheckpointError as error:  # it names the folder's whole path, which is no visitor's business
        raise CheckpointError(
            f"The recogniser “{FOLDER}” is damaged or not of this version of ecomgen."
        ) from error


def _look(recogniser: Recogniser, photos: np.ndarray) -> Sight:
    """Features and probabilities of uint8 [n, size, size, 3]."""
    import torch

    from ecomgen.training.autoencoder import to_tensor

    features = recogniser.features(to_tensor(torch.from_numpy(photos)))
    rows = recogniser.probabilities(features)
    return Sight(features.numpy(), {name: p.numpy() for name, p in rows.items()})
