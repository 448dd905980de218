"""Words for the schema's values, drawn in varied form and spelling."""

from __future__ import annotations

import random
from collections.abc import Iterable

from ecomgen.schema import Attribute, Attributes, Schema, fold
from ecomgen.training.lexicon import Lexicon
from ecomgen.training.prompts.phrases import GENERIC_WORDS, NOTHING, NOTHING_ZH, WORDS, WORDS_ZH
from ecomgen.training.prompts.spelling import respelt
from ecomgen.training.prompts.wordings import SHADES, SHADES_ZH


class Picker:
    """Draws words for what a schema knows, and words that mean nothing in it; all by the one generator `rng`."""

    def __init__(self, schema: Schema, rng: random.Random) -> None:
        self.rng = rng
        self.attributes = [a for a in schema if a.values]
        self.by_name = {a.name: a for a in self.attributes}
        self.names = schema.names
        self.lexicon = Lexicon(schema)
        self._nothing = (*NOTHING, *self.unknown(WORDS))
        self._nothing_zh = (*NOTHING_ZH, *self.unknown(WORDS_ZH))

    def word(self, attribute: Attribute, chinese: bool) -> tuple[str, str]:
        """A word for a value of `attribute`, mostly of the prompt's language, and the value."""
        rng = self.rng
        value = rng.choice(attribute.values)
        if rng.random() < 0.06:
            chinese = not chinese
        first, others = (value.zh, value.cn) if chinese else (value.name, value.en)
        word = rng.choice(others) if others and rng.random() < 0.75 else first or value.name
        if attribute.name == "colour" and rng.random() < 0.1:
            word = self._shaded(word, value.zh if chinese else value.name, value.name, chinese)
        elif rng.random() < 0.25 and fold(word) not in GENERIC_WORDS:
            other = respelt(word, attribute.name, rng)
            if self.lexicon.read(other)[attribute.name] in (None, value.name):
                word = other
        return word, value.name

    def other(self, name: str, chinese: bool, chosen: Attributes) -> str:
        """A word for a value that is not the chosen one; where there is no other, a word that means nothing."""
        for _ in range(20):
            word, value = self.word(self.by_name[name], chinese)
            if value != chosen[name]:
                return word
        return self.rng.choice(self.nothing(chinese))

    def values(self, name: str) -> list[str]:
        """The names of an attribute's values; none where the schema has no such attribute."""
        return [v.name for v in self.by_name[name].values] if name in self.by_name else []

    def unknown(self, words: Iterable[str]) -> list[str]:
        """Those of the words that say nothing to the schema."""
        return [word for word in words if not self.lexicon.matches(word)]

    def nothing(self, chinese: bool) -> tuple[str, ...]:
        """Words that say nothing about a product."""
        return self._nothing_zh if chinese else self._nothing

    def _shaded(self, word: str, name: str, value: str, chinese: bool) -> str:
        """The colour in a shade that leaves it the same colour: "dark green", but not "dark blue", which is navy."""
        rng = self.rng
        if chinese:
            shaded = rng.choice(SHADES_ZH) + (name if name.endswith("色") and len(name) == 2 else word)
        else:
            shaded = f"{rng.choice(SHADES)} {name}"
        return shaded if self.lexicon.read(shaded).get("colour") == value else word
