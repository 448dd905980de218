"""Templated prompts in English and Chinese, each with the attributes that it asserts, to train and refit the readout.

Words are drawn from the schema in varied order and form, between fillers, nonsense, trademarks, negations and typos;
whatever is not asserted is labelled None ("unspecified").
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ecomgen.schema import Attribute, Attributes, Schema, fold
from ecomgen.training.lexicon import Lexicon
from ecomgen.training.phrases import (
    CLOSERS,
    CLOSERS_ZH,
    EMOJI,
    FORMS,
    FORMS_ZH,
    GENERIC,
    GENERIC_FOR_USE,
    GENERIC_WORDS,
    NEGATIONS,
    NEGATIONS_ZH,
    NOTHING,
    NOTHING_ZH,
    OPENERS,
    OPENERS_ZH,
    SHARES,
    TRADITIONAL,
    WORDS,
    WORDS_ZH,
)


class PromptMaker:
    """Makes prompts for a schema; the same `seed` gives the same prompts. `noise`: more words that mean nothing."""

    def __init__(self, schema: Schema, seed: int = 0, noise: Sequence[str] = ()) -> None:
        self._attributes = [a for a in schema if a.values]
        self._names = schema.names
        self._random = random.Random(seed)
        lexicon = Lexicon(schema)
        self._brands = [t for t in schema.trademarks if not lexicon.matches(t)]
        names = (w for a in self._attributes if a.name == "category" for v in a.values for w in v.words)
        self._nothing = (*NOTHING, *(w for w in WORDS if not lexicon.matches(w)))
        self._nothing_zh = (*NOTHING_ZH, *(w for w in WORDS_ZH if not lexicon.matches(w)))
        self._also_says = {word: lexicon.read(word) for word in names}
        self._noise = tuple(noise) or NOTHING

    def prompt(self) -> tuple[str, Attributes]:
        """One prompt and what it asserts."""
        rng = self._random
        chinese = rng.random() < 0.4
        chosen: Attributes = dict.fromkeys(self._names)
        words: dict[str, str] = {}
        if rng.random() > 0.12:  # the rest is about nothing at all
            for attribute in self._attributes:
                if rng.random() < SHARES.get(attribute.name, 0.2):
                    words[attribute.name], chosen[attribute.name] = self._word(attribute, chinese)
        if rng.random() < 0.12 and words:  # one word alone, as in a dropdown
            name = rng.choice(list(words))
            words, chosen = {name: words[name]}, {**dict.fromkeys(self._names), name: chosen[name]}
        self._settle_generic(words, chosen)
        self._add_implied(words, chosen)
        text = self._chinese(words) if chinese else self._english(words)
        return self._spoil(text), chosen

    def prompts(self, count: int) -> list[tuple[str, Attributes]]:
        """`count` prompts."""
        return [self.prompt() for _ in range(count)]

    def _word(self, attribute: Attribute, chinese: bool) -> tuple[str, str]:
        """A word for a value of `attribute`, mostly of the prompt's language, and the value."""
        rng = self._random
        value = rng.choice(attribute.values)
        if rng.random() < 0.06:
            chinese = not chinese
        first, others = (value.zh, value.cn) if chinese else (value.name, value.en)
        word = rng.choice(others) if others and rng.random() < 0.7 else first or value.name
        return word, value.name

    def _settle_generic(self, words: dict[str, str], chosen: Attributes) -> None:
        family = GENERIC_WORDS.get(fold(words.get("category", "")))
        if family:
            likely = GENERIC_FOR_USE.get((family, chosen.get("usage") or ""))
            shares = GENERIC[family]
            chosen["category"] = likely or self._random.choices(list(shares), list(shares.values()))[0]

    def _add_implied(self, words: dict[str, str], chosen: Attributes) -> None:
        """A product's name may say more than the category: canvas shoes, 运动鞋, 男表."""
        for name, value in self._also_says.get(words.get("category", ""), {}).items():
            if name != "category" and chosen[name] is None:
                chosen[name] = value

    def _english(self, words: dict[str, str]) -> str:
        rng = self._random
        front, back = [], []
        for name, word in words.items():
            if name == "category":
                continue
            forms = FORMS.get(name, ("with {}",))
            if word.startswith(("for ", "with ")):
                back.append(word)
            elif rng.random() < 0.65:
                coloured = name == "colour" and rng.random() < 0.08
                front.append(word + rng.choice((" coloured", "-coloured", " colored")) if coloured else word)
            else:
                back.append(rng.choice(forms).format(word))
        rng.shuffle(front)
        rng.shuffle(back)
        second = self._second_colour(words, ("{} and {}", "{} & {}", "{} with {} trim", "{}/{}", "{}, {}"))
        front = [second if second and word == words["colour"] else word for word in front]
        product = [words["category"]] if "category" in words else []
        parts = [*front, *product, *back]
        style = rng.random()
        if style < 0.25:  # tags
            rng.shuffle(parts)
        self._insert_noise(parts, self._nothing, (OPENERS, CLOSERS), (NEGATIONS, words, False))
        return (
            rng.choice((", ", " / ", " - ", " #", "; ", " ", " ")).join(parts)
            if style < 0.15
            else " ".join(parts)
        )

    def _chinese(self, words: dict[str, str]) -> str:
        rng = self._random
        front, back = [], []
        for name, word in words.items():
            if name == "category":
                continue
            if rng.random() < 0.75:
                joint = "的" if rng.random() < 0.4 else ""
                lead = (
                    rng.choice(("给", "适合", ""))
                    if name in ("audience", "season") and word[0] not in "给适"
                    else ""
                )
                front.append(lead + word + joint)
            else:
                back.append(rng.choice(FORMS_ZH.get(name, ("带{}",))).format(word))
        rng.shuffle(front)
        rng.shuffle(back)
        second = self._second_colour(words, ("{}和{}", "{}配{}", "{}{}", "{}、{}"), chinese=True)
        front = [
            part.replace(words["colour"], second) if second and words["colour"] in part else part
            for part in front
        ]
        parts = [*front, *([words["category"]] if "category" in words else []), *back]
        if rng.random() < 0.2:
            rng.shuffle(parts)
        self._insert_noise(parts, self._nothing_zh, (OPENERS_ZH, CLOSERS_ZH), (NEGATIONS_ZH, words, True))
        joined = rng.choice((" ", "，", "、", "")).join(parts) if rng.random() < 0.25 else "".join(parts)
        return joined.translate(TRADITIONAL) if rng.random() < 0.1 else joined

    def _second_colour(self, words: dict[str, str], forms: Sequence[str], chinese: bool = False) -> str:
        """The prompt's colour with a second one behind it; the first one counts."""
        colour = next((a for a in self._attributes if a.name == "colour"), None)
        if colour is None or "colour" not in words or self._random.random() > 0.1:
            return ""
        return self._random.choice(forms).format(words["colour"], self._word(colour, chinese)[0])

    def _insert_noise(
        self,
        parts: list[str],
        nothing: Sequence[str],
        fillers: tuple[Sequence[str], Sequence[str]],
        negation: tuple[Sequence[str], dict[str, str], bool],
    ) -> None:
        rng = self._random
        forms, words, chinese = negation
        if rng.random() < 0.2:
            attribute = rng.choice(self._attributes)
            if attribute.name in words and rng.random() < 0.5:  # "black, not red": behind what is asserted
                parts.append(rng.choice(forms).format(self._word(attribute, chinese)[0]))
            elif attribute.name not in words:
                place = rng.choice((0, len(parts), rng.randint(0, len(parts))))
                parts.insert(place, rng.choice(forms).format(self._word(attribute, chinese)[0]))
        for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 2, 3)) if parts else rng.choice((1, 2, 3, 4, 6, 9))):
            kind = rng.random()
            if kind < 0.4:
                word = rng.choice(nothing)
            elif kind < 0.6:
                word = rng.choice(self._noise)
            elif kind < 0.8 and self._brands:
                word = rng.choice(self._brands)
            else:
                word = _gibberish(rng)
            parts.insert(rng.randint(0, len(parts)), word)
        if rng.random() < 0.5:
            parts.insert(0, rng.choice(fillers[0]))
            if rng.random() < 0.4:
                parts.insert(1, rng.choice(fillers[0]))
        if rng.random() < 0.3:
            parts.append(rng.choice(fillers[1]))

    def _spoil(self, text: str) -> str:
        """Typos, emoji and odd spacing, now and then."""
        rng = self._random
        if rng.random() < 0.25:
            words = text.split(" ")
            for _ in range(rng.choice((1, 1, 2))):
                place = rng.randrange(len(words))
                words[place] = _typo(words[place], rng)
            text = " ".join(words)
        if rng.random() < 0.05:
            text = rng.choice((f"{text} {rng.choice(EMOJI)}", f"{rng.choice(EMOJI)}{text}"))
        if rng.random() < 0.04:
            text = text.replace("-", " ").replace("'", "")
        return text


def _gibberish(rng: random.Random) -> str:
    """A word that nobody knows: pronounceable, or keys at random."""
    if rng.random() < 0.5:
        return "".join(
            rng.choice("bcdfghjklmnpqrstvwxyz") + rng.choice("aeiou") for _ in range(rng.randint(2, 4))
        )
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(rng.randint(2, 8)))


def _typo(word: str, rng: random.Random) -> str:
    """One slip of the fingers in a Latin word."""
    if len(word) < 3 or not word.isascii():
        return word
    i = rng.randrange(0 if rng.random() < 0.1 else 1, len(word) - 1)  # the first letter is mostly right
    swapped = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if len(word) == 3:  # any other slip may make another word of it
        return swapped
    dropped, doubled = word[:i] + word[i + 1 :], word[:i] + word[i] + word[i:]
    letters = "aeiou" if word[i] in "aeiou" else "abcdefghijklmnopqrstuvwxyz"
    replaced = word[:i] + rng.choice(letters) + word[i + 1 :]
    return rng.choice((swapped, swapped, dropped, doubled, replaced))
