"""What surrounds a request, and prompts that ask for nothing: openers, everyday sentences, negations, trademarks, nonsense."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ecomgen.schema import Attributes
from ecomgen.training.prompts.chatter import sentence, thing
from ecomgen.training.prompts.phrases import (
    CLOSERS,
    CLOSERS_ZH,
    NEGATIONS,
    NEGATIONS_ZH,
    NOTHING,
    OPENERS,
    OPENERS_ZH,
)
from ecomgen.training.prompts.picker import Picker
from ecomgen.training.prompts.wordings import ASKING, ASKING_ZH, MODIFIERS, MODIFIERS_ZH, PARTS, PARTS_ZH


class Fillers:
    """Fills prompts up with what asserts nothing: `trademarks`, `noise` and much that people say."""

    def __init__(self, pick: Picker, trademarks: Sequence[str], noise: Sequence[str]) -> None:
        self._pick = pick
        self._brands = pick.unknown(trademarks) or list(NOTHING)
        self._noise = tuple(noise) or NOTHING
        self._modifiers, self._modifiers_zh = pick.unknown(MODIFIERS), pick.unknown(MODIFIERS_ZH)

    def modifier(self, chinese: bool) -> str:
        """A word in front of a product that no attribute knows: "waterproof"."""
        return self._pick.rng.choice(self._modifiers_zh if chinese else self._modifiers)

    def insert(self, parts: list[str], chosen: Attributes, chinese: bool) -> None:
        """Put what does not count between the parts of a prompt: negations, nonsense, openers and closers."""
        pick, rng = self._pick, self._pick.rng
        forms = NEGATIONS_ZH if chinese else NEGATIONS
        if rng.random() < 0.2:
            attribute = rng.choice([*pick.attributes, pick.by_name.get("colour", pick.attributes[0])])
            name = attribute.name
            negation = rng.choice(forms).format(pick.other(name, chinese, chosen))
            if chosen[name] is not None and rng.random() < 0.5:  # "black, not red": behind what is asserted
                parts.append(negation)
            elif chosen[name] is None:
                parts.insert(rng.choice((0, len(parts), rng.randint(0, len(parts)))), negation)
        elif rng.random() < 0.04:
            parts.append(rng.choice(forms).format(rng.choice(PARTS_ZH if chinese else PARTS)))
        # a thing that is not sold here would take the colour for itself: "red banana"
        named = chosen.get("category") is not None
        for _ in range(rng.choice((0, 0, 0, 0, 0, 0, 1, 2, 3)) if rng.random() < 0.7 else 0):
            kind = rng.random()
            if kind < 0.45 and named:
                word = rng.choice(pick.nothing(chinese))
            elif kind < 0.65 and named:
                word = rng.choice(self._noise)
            elif kind < 0.85:
                word = rng.choice(self._brands)
            else:
                word = _gibberish(rng)
            parts.insert(rng.randint(0, len(parts)), word)
        openers, closers = (OPENERS_ZH, CLOSERS_ZH) if chinese else (OPENERS, CLOSERS)
        if rng.random() < 0.5:
            asking = rng.random() < 0.15
            parts.insert(0, rng.choice((ASKING_ZH if chinese else ASKING) if asking else openers))
            if rng.random() < 0.4 and not asking:
                parts.insert(1, rng.choice(openers))
        if rng.random() < 0.3:
            parts.append(rng.choice(closers))

    def among_sentences(self, text: str, chinese: bool) -> str:
        """Mostly the text alone, now and then after or before a sentence that says nothing about it."""
        rng = self._pick.rng
        if rng.random() > 0.1:
            return text
        other = sentence(rng, chinese)
        joint = rng.choice(("，", "。", " ") if chinese else (", ", ". ", " - ", "; "))
        return f"{other}{joint}{text}" if rng.random() < 0.65 else f"{text}{joint}{other}"

    def about_nothing(self, chinese: bool) -> str:
        """A prompt that asks for nothing that is sold here."""
        pick, rng = self._pick, self._pick.rng
        kind = rng.random()
        if kind < 0.45:
            text = sentence(rng, chinese)
        elif kind < 0.6 and "colour" in pick.by_name:  # a red banana is no red product
            attribute = pick.by_name[
                rng.choice([n for n in ("colour", "colour", "material", "price") if n in pick.by_name])
            ]
            text = f"{pick.word(attribute, chinese)[0]}{rng.choice(('', '的')) if chinese else ' '}{thing(rng, chinese)}"
            if rng.random() < 0.3:
                text = f"{rng.choice(OPENERS_ZH if chinese else OPENERS)}{'' if chinese else ' '}{text}"
        elif kind < 0.7:  # only what is not wished for
            attribute = rng.choice(pick.attributes)
            text = rng.choice(NEGATIONS_ZH if chinese else NEGATIONS).format(pick.word(attribute, chinese)[0])
            if rng.random() < 0.3:
                text += rng.choice(
                    CLOSERS_ZH
                    if chinese
                    else (" please", " thanks", " at all", " if possible", ", anything else is fine")
                )
        else:
            parts = []
            for _ in range(rng.choice((1, 1, 2, 3, 4, 6, 9))):
                words = rng.choice((pick.nothing(chinese), self._noise, self._brands))
                parts.append(rng.choice(words) if rng.random() < 0.85 else _gibberish(rng))
            if rng.random() < 0.3:
                parts.insert(0, rng.choice(OPENERS_ZH if chinese else OPENERS))
            if rng.random() < 0.3:
                parts.append(rng.choice(CLOSERS_ZH if chinese else CLOSERS))
            text = ("" if chinese and rng.random() < 0.7 else " ").join(parts)
        if rng.random() < 0.15:
            text = f"{text}{'，' if chinese else ', '}{sentence(rng, chinese)}"
        return text


def _gibberish(rng: random.Random) -> str:
    """A word that nobody knows: pronounceable, or keys at random."""
    if rng.random() < 0.5:
        return "".join(
            rng.choice("bcdfghjklmnpqrstvwxyz") + rng.choice("aeiou") for _ in range(rng.randint(2, 4))
        )
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(rng.randint(2, 8)))
