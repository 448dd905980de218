"""From a prompt to attributes with a confidence each, and from words to the vectors that condition a generator."""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ecomgen.errors import CheckpointError, InvalidRequest
from ecomgen.schema import Attribute, Schema, Value, default_schema, fold
from ecomgen.services.tensors import compute
from ecomgen.settings import Settings, bundled

if TYPE_CHECKING:
    from ecomgen.models.text import TextEncoder
    from ecomgen.training.lexicon import Lexicon

_LOOKED_UP = 0.9  # confidence in a word that the network was never taught but that stands there as it is
_KEPT_VECTORS = 10_000
_FOREIGN = re.compile(r"[^\W\d_\u0000-\u024f\u2e80-\u2fff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_ENDLESS = re.compile(r"[a-z]{40}", re.IGNORECASE)
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@dataclass(frozen=True)
class Reading:
    """What a prompt says about one attribute: a value name, or None for unspecified; confidence 0..1."""

    value: str | None
    confidence: float


def check_prompt(prompt: str, max_length: int) -> str:
    """The prompt as it is read: NFKC, single spaces, nothing invisible. Raises InvalidRequest with one sentence."""
    if not isinstance(prompt, str):
        raise InvalidRequest("The prompt has to be a text.")
    if len(prompt) > max_length:
        raise InvalidRequest(
            f"The prompt is {len(prompt):,} characters long; at most {max_length:,} are read."
        )
    spaced = "".join(" " if c.isspace() else c for c in prompt)
    text = unicodedata.normalize(
        "NFKC", "".join(c for c in spaced if unicodedata.category(c) not in _INVISIBLE)
    )
    text = " ".join(text.split())[:max_length].strip()  # NFKC makes some characters longer
    if not text:
        raise InvalidRequest(
            "The prompt is empty; say what you would like to see, for example “red running shoes”."
        )
    if not any(c.isalpha() for c in text):
        raise InvalidRequest(
            "The prompt holds no words; say what you would like to see, for example “red running shoes”."
        )
    return text


def _readable(text: str) -> str:
    """The words that can be English or Chinese: an encoder that never saw another script would only guess."""
    return " ".join(w for w in text.split() if _FOREIGN.search(w) is None and _ENDLESS.search(w) is None)


class AttributeReader:
    """The text encoder behind one door: loads on first use, safe in threads, the same words give the same vectors."""

    def __init__(self, settings: Settings, schema: Schema | None = None) -> None:
        self.schema = schema or default_schema()
        self._settings = settings
        self._lock = threading.Lock()
        self._running = threading.Lock()  # a tokenizer's settings change between calls: one call at a time
        self._encoder: TextEncoder | None = None
        self._hash = ""
        self._vectors: dict[str, np.ndarray] = {}
        self._new_words: dict[Schema, Lexicon | None] = {}

    def load(self) -> None:
        """Load the encoder now rather than on first use. Raises CheckpointError."""
        self._loaded()

    @property
    def encoder_hash(self) -> str:
        """Changes with the weights of the encoder or its readout."""
        self._loaded()
        return self._hash

    def read(self, prompt: str, schema: Schema | None = None) -> dict[str, Reading]:
        """Every attribute of the schema, in order. Values that the schema lacks are not read.

        `schema`: that of a checkpoint, which may hold values and attributes that the encoder was never taught; their
        words are looked up in the prompt. Raises InvalidRequest, CheckpointError.
        """
        schema = schema or self.schema
        text = _readable(check_prompt(prompt, self._settings.max_prompt_length))
        if not text:
            return {attribute.name: Reading(None, 1.0) for attribute in schema}
        encoder = self._loaded()
        assert encoder.readout is not None
        taught = encoder.readout.schema
        with self._running:
            probabilities = dict(zip(taught.names, compute(encoder.read, text), strict=True))
        lexicon = self._lexicon(schema, taught)
        looked_up = lexicon.read(text) if lexicon else {}
        result = {}
        for attribute in schema:
            new = looked_up.get(attribute.name)
            if new is not None:
                result[attribute.name] = Reading(new, _LOOKED_UP)
            elif attribute.name in probabilities:
                result[attribute.name] = _most_likely(
                    attribute, taught[attribute.name], probabilities[attribute.name].numpy()
                )
            else:
                result[attribute.name] = Reading(None, 1.0)
        return result

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """L2-normalised vectors [n, dim], float32."""
        encoder = self._loaded()
        rows = []
        for text in texts:
            vector = self._vectors.get(text)
            if vector is None:
                with self._running:
                    vector = compute(encoder.embed, [text]).numpy()[0]
                if len(self._vectors) < _KEPT_VECTORS:
                    self._vectors[text] = vector
            rows.append(vector)
        return np.stack(rows) if rows else np.zeros((0, encoder.dim), dtype=np.float32)

    def trademarks(self, prompt: str) -> bool:
        """Whether the prompt names a known trademark, which is ignored."""
        return self.schema.has_trademark(prompt)

    def _loaded(self) -> TextEncoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = compute(load_encoder, self._settings)
                self._hash = self._encoder.hash()
            return self._encoder

    def _lexicon(self, schema: Schema, taught: Schema) -> Lexicon | None:
        """Finds the words of `schema` that the encoder was not taught; None where there are none."""
        from ecomgen.training.lexicon import Lexicon

        if schema not in self._new_words:
            new = _untaught(schema, taught)
            self._new_words[schema] = Lexicon(new) if new.attributes else None
        return self._new_words[schema]


def load_encoder(settings: Settings) -> TextEncoder:
    """The bundled encoder, or the one that the settings name with a readout fitted for it, kept in the home folder.

    Raises CheckpointError.
    """
    from ecomgen.models.text import Readout, TextEncoder
    from ecomgen.training.readout import fit_readout

    own = _bundled_encoder(settings)
    if not settings.text_encoder:
        if not own.is_dir():
            raise CheckpointError(f"There is no text encoder in {settings.checkpoints}.")
        encoder = TextEncoder.load(own)
        if encoder.readout is None:
            raise CheckpointError(f"The text encoder in {own} has no readout.")
        return encoder
    encoder = TextEncoder.load(settings.text_encoder)
    if encoder.readout is None:
        teacher = TextEncoder.load(own) if own.is_dir() else None
        schema = default_schema()
        key = hashlib.sha256(
            f"{encoder.hash()} {teacher and teacher.hash()} {schema.to_dict()}".encode()
        ).hexdigest()
        kept = settings.home / "readouts" / key[:16]
        try:
            encoder.readout = Readout.load(kept).requires_grad_(False)
        except CheckpointError:
            fit_readout(encoder, schema, teacher).save(kept)
            # from the file also the first time, so that it reads the same every time
            encoder.readout = Readout.load(kept).requires_grad_(False)
    return encoder


def _bundled_encoder(settings: Settings) -> Path:
    here = settings.checkpoints / "text"
    return here if here.is_dir() else bundled("checkpoints") / "text"


def _untaught(schema: Schema, taught: Schema) -> Schema:
    """Only the values and words, in singular and plural, that `taught` does not hold."""
    attributes = []
    for attribute in schema:
        old = taught[attribute.name].values if attribute.name in taught else ()
        known = {fold(word) for value in old for word in value.words}
        new = {value: tuple(w for w in value.words if fold(w) not in known) for value in attribute.values}
        values = [Value(v.name, en=words + _singulars(words)) for v, words in new.items() if words]
        if values:
            attributes.append(replace(attribute, values=tuple(values)))
    return Schema(tuple(attributes), schema.trademarks)


def _singulars(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        w[:-1] for w in words if w.isascii() and len(w) > 4 and w.endswith("s") and not w.endswith("ss")
    )


def _most_likely(attribute: Attribute, taught: Attribute, probabilities: np.ndarray) -> Reading:
    best = int(probabilities.argmax())
    confidence = round(float(probabilities[best]), 4)
    if best == 0 or all(v.name != taught.values[best - 1].name for v in attribute.values):
        return Reading(None, confidence)
    return Reading(taught.values[best - 1].name, confidence)
