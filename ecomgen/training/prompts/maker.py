"""Prompts in English and Chinese, each with the attributes that it asserts, to train and refit the readout.

Words are drawn from the schema in varied order, form and spelling, between everyday sentences, nonsense, trademarks,
negations, second products and parts in other colours; whatever is not asserted of the first product is labelled None.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ecomgen.schema import Attributes, Schema, fold
from ecomgen.training.prompts.chinese import in_chinese
from ecomgen.training.prompts.english import in_english
from ecomgen.training.prompts.fillers import Fillers
from ecomgen.training.prompts.phrases import GENERIC, GENERIC_FOR_USE, GENERIC_WORDS, SHARES, TRADITIONAL
from ecomgen.training.prompts.picker import Picker
from ecomgen.training.prompts.spelling import misspelt, spoilt
from ecomgen.training.prompts.wordings import DESCRIPTIONS, DESCRIPTIONS_ZH, GENERIC_IN_USE


class PromptMaker:
    """Makes prompts for a schema; the same `seed` gives the same prompts. `noise`: more words that mean nothing."""

    def __init__(self, schema: Schema, seed: int = 0, noise: Sequence[str] = ()) -> None:
        self._pick = pick = Picker(schema, random.Random(seed))
        self._fillers = Fillers(pick, schema.trademarks, noise)
        names = (w for a in pick.attributes if a.name == "category" for v in a.values for w in v.words)
        self._also_says = {word: pick.lexicon.read(word) for word in names}

    def prompt(self) -> tuple[str, Attributes]:
        """One prompt and what it asserts."""
        rng = self._pick.rng
        chinese = rng.random() < 0.45
        chosen: Attributes = dict.fromkeys(self._pick.names)
        if rng.random() < 0.13:
            text = self._fillers.about_nothing(chinese)
        else:
            words: dict[str, str] = {}
            share = rng.choice((0.5, 1.0, 1.0, 1.4))  # from terse to talkative
            for attribute in self._pick.attributes:
                wanted = SHARES.get(attribute.name, 0.2)
                if rng.random() < (wanted if attribute.name == "category" else wanted * share):
                    words[attribute.name], chosen[attribute.name] = self._pick.word(attribute, chinese)
            if rng.random() < 0.1 and words:  # one word alone, as in a dropdown
                name = rng.choice(list(words))
                words, chosen = {name: words[name]}, {**dict.fromkeys(self._pick.names), name: chosen[name]}
            self._settle_generic(words, chosen)
            self._add_implied(words, chosen)
            if "category" in words and rng.random() < 0.15:
                return self._plain(words, chinese), chosen
            described = self._describe(words, chosen, chinese)
            self._misspell(words)
            text = (
                in_chinese(self._pick, self._fillers, words, chosen, described)
                if chinese
                else in_english(self._pick, self._fillers, words, chosen, described)
            )
        if chinese and rng.random() < 0.12:
            text = text.translate(TRADITIONAL)
        return spoilt(text, rng), chosen

    def prompts(self, count: int) -> list[tuple[str, Attributes]]:
        """`count` prompts."""
        return [self.prompt() for _ in range(count)]

    def _plain(self, words: dict[str, str], chinese: bool) -> str:
        """A few words and no more, as most people search: "black belt" is a belt, whatever idioms there are."""
        others = [word for name, word in words.items() if name != "category"]
        self._pick.rng.shuffle(others)
        back = [word for word in others if word.startswith(("for ", "with ", "in ", "on "))]
        front = [word for word in others if word not in back]
        return ("" if chinese else " ").join([*front, words["category"], *back])

    def _settle_generic(self, words: dict[str, str], chosen: Attributes) -> None:
        family = GENERIC_WORDS.get(fold(words.get("category", "")))
        if family:
            likely = GENERIC_FOR_USE.get((family, chosen.get("usage") or ""))
            shares = GENERIC[family]
            chosen["category"] = likely or self._pick.rng.choices(list(shares), list(shares.values()))[0]

    def _add_implied(self, words: dict[str, str], chosen: Attributes) -> None:
        """A product's name may say more than the category: canvas shoes, 运动鞋, 男表."""
        for name, value in self._also_says.get(words.get("category", ""), {}).items():
            if name != "category" and chosen[name] is None:
                chosen[name] = value

    def _misspell(self, words: dict[str, str]) -> None:
        """A slip in a word that matters, now and then: hardly any of those in whole prompts hit one."""
        rng = self._pick.rng
        for name, word in words.items():
            if rng.random() < 0.1 and word.isascii():
                parts = word.split(" ")
                place = rng.randrange(len(parts))
                parts[place] = misspelt(parts[place], rng)
                words[name] = " ".join(parts)

    def _describe(self, words: dict[str, str], chosen: Attributes, chinese: bool) -> str:
        """Now and then what the product is for instead of its name: "something to run in", "bag for school books"."""
        rng = self._pick.rng
        if "category" not in words or rng.random() > 0.14:
            return ""
        has_chinese = lambda text: any(c > "\u3400" for c in text)  # noqa: E731
        if rng.random() < 0.4:
            family = rng.choice(
                [f for f in GENERIC_IN_USE if set(GENERIC_IN_USE[f]) <= set(self._pick.values("category"))]
                or [""]
            )
            if not family:
                return ""
            category = rng.choice(list(GENERIC_IN_USE[family]))
            uses = [use for use in GENERIC_IN_USE[family][category] if has_chinese(use) == chinese]
            names = [w for w, f in GENERIC_WORDS.items() if f == family and has_chinese(w) == chinese]
            if not uses:
                return ""
            words["category"], described = rng.choice(names), rng.choice(uses)
        else:
            category = chosen["category"] or ""
            table = DESCRIPTIONS_ZH if chinese else DESCRIPTIONS
            if category not in table:
                return ""
            described = rng.choice(table[category])
            words["category"] = (
                rng.choice(("", "", "东西", "那种"))
                if chinese
                else rng.choice(("something", "something", "anything", "a thing", "stuff", "one"))
            )
        chosen["category"] = category
        implied = self._pick.lexicon.read(described)
        for name in self._pick.names:
            if name != "category" and name not in words:
                chosen[name] = implied[name]
        return described
