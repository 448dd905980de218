"""What a text says word for word: whole-word search of a schema's words. It labels titles and looks up new words."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from ecomgen.schema import Attributes, Schema, fold

_NEGATION = re.compile(
    r"(?:\b(?:not|no|non|without|except|never|isn't|don't want|anything but)(?: \w+)? |不要|不是|别要|非|除了|没有)$"
)
_ENDINGS = ("", "s", "es", "'s")


@dataclass(frozen=True)
class Match:
    """A schema word found in a folded text, characters [start, end)."""

    attribute: str
    value: str
    start: int
    end: int


class Lexicon:
    """All words of a schema, ready to be searched in texts: Latin words whole, Chinese anywhere."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._words: dict[str, dict[str, str]] = defaultdict(dict)  # word -> attribute -> value
        for attribute in schema:
            for value in attribute.values:
                for word in map(fold, value.words):
                    for ending in _ENDINGS if word.isascii() else ("",):
                        self._words[word + ending].setdefault(attribute.name, value.name)
        self._longest = max(map(len, self._words), default=0)

    def matches(self, text: str) -> list[Match]:
        """All words found in `text`, by position; within an attribute the longest word wins.

        Between attributes a longer phrase wins too ("baby pink" is no baby), except that a category's name may say
        more than the category: canvas shoes, 运动鞋, 男表. Not a colour, though: 金属表 is not gold.
        """
        folded = fold(text)
        found: list[Match] = []
        reached = dict.fromkeys(self.schema.names, 0)
        for start in range(len(folded)):
            if _inside_word(folded, start):
                continue
            for end in range(min(len(folded), start + self._longest), start, -1):
                for name, value in self._words.get(folded[start:end], {}).items():
                    if start >= reached[name] and not _inside_word(folded, end):
                        found.append(Match(name, value, start, end))
                        reached[name] = end
        return [match for match in found if not any(_swallows(outer, match) for outer in found)]

    def read(self, text: str) -> Attributes:
        """The first value that `text` asserts for every attribute; None where it asserts none or negates it."""
        folded = fold(text)
        result: Attributes = dict.fromkeys(self.schema.names)
        for match in self.matches(text):
            if result[match.attribute] is None and not _NEGATION.search(folded[: match.start]):
                result[match.attribute] = match.value
        return result


def _inside_word(text: str, position: int) -> bool:
    """Whether a border at `position` would cut a Latin word or a number in two."""
    around = text[max(position - 1, 0) : position + 1]
    return 0 < position < len(text) and around.isascii() and around.isalnum()


def _swallows(outer: Match, inner: Match) -> bool:
    inside = outer.start <= inner.start and inner.end <= outer.end
    longer = outer.end - outer.start > inner.end - inner.start
    says_more = outer.attribute == "category" and inner.attribute != "colour"
    return outer.attribute != inner.attribute and inside and longer and not says_more
