"""Prompts in English and Chinese, each with the attributes that it asserts, to train and refit the readout.

Words are drawn from the schema in varied order, form and spelling, between everyday sentences, nonsense, trademarks,
negations, second products and parts in other colours; whatever is not asserted of the first product is labelled None.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ecomgen.schema import Attribute, Attributes, Schema, fold
from ecomgen.training.lexicon import Lexicon
from ecomgen.training.prompts.chatter import sentence, thing
from ecomgen.training.prompts.phrases import (
    CLOSERS,
    CLOSERS_ZH,
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
from ecomgen.training.prompts.spelling import misspelt, respelt, spoilt
from ecomgen.training.prompts.wordings import (
    ASKING,
    ASKING_ZH,
    CORRECTION_SENTENCES,
    CORRECTIONS,
    CORRECTIONS_ZH,
    DESCRIPTIONS,
    DESCRIPTIONS_ZH,
    GENERIC_IN_USE,
    MODIFIERS,
    MODIFIERS_ZH,
    PART_FORMS,
    PART_FORMS_ZH,
    PARTS,
    PARTS_ZH,
    PATTERN_OF,
    PERSON_FORMS,
    PERSON_FORMS_ZH,
    SECOND,
    SECOND_ZH,
    SHADES,
    SHADES_ZH,
    USAGE_FORMS_ZH,
)


class PromptMaker:
    """Makes prompts for a schema; the same `seed` gives the same prompts. `noise`: more words that mean nothing."""

    def __init__(self, schema: Schema, seed: int = 0, noise: Sequence[str] = ()) -> None:
        self._attributes = [a for a in schema if a.values]
        self._by_name = {a.name: a for a in self._attributes}
        self._names = schema.names
        self._random = random.Random(seed)
        self._lexicon = lexicon = Lexicon(schema)
        self._brands = [t for t in schema.trademarks if not lexicon.matches(t)] or list(NOTHING)
        names = (w for a in self._attributes if a.name == "category" for v in a.values for w in v.words)
        self._nothing = (*NOTHING, *(w for w in WORDS if not lexicon.matches(w)))
        self._nothing_zh = (*NOTHING_ZH, *(w for w in WORDS_ZH if not lexicon.matches(w)))
        self._modifiers = [w for w in MODIFIERS if not lexicon.matches(w)]
        self._modifiers_zh = [w for w in MODIFIERS_ZH if not lexicon.matches(w)]
        self._also_says = {word: lexicon.read(word) for word in names}
        self._noise = tuple(noise) or NOTHING

    def prompt(self) -> tuple[str, Attributes]:
        """One prompt and what it asserts."""
        rng = self._random
        chinese = rng.random() < 0.45
        chosen: Attributes = dict.fromkeys(self._names)
        if rng.random() < 0.13:
            text = self._about_nothing(chinese)
        else:
            words: dict[str, str] = {}
            share = rng.choice((0.5, 1.0, 1.0, 1.4))  # from terse to talkative
            for attribute in self._attributes:
                wanted = SHARES.get(attribute.name, 0.2)
                if rng.random() < (wanted if attribute.name == "category" else wanted * share):
                    words[attribute.name], chosen[attribute.name] = self._word(attribute, chinese)
            if rng.random() < 0.1 and words:  # one word alone, as in a dropdown
                name = rng.choice(list(words))
                words, chosen = {name: words[name]}, {**dict.fromkeys(self._names), name: chosen[name]}
            self._settle_generic(words, chosen)
            self._add_implied(words, chosen)
            if "category" in words and rng.random() < 0.15:
                return self._plain(words, chinese), chosen
            described = self._describe(words, chosen, chinese)
            self._misspell(words)
            text = (
                self._chinese(words, chosen, described)
                if chinese
                else self._english(words, chosen, described)
            )
        if chinese and rng.random() < 0.12:
            text = text.translate(TRADITIONAL)
        return spoilt(text, rng), chosen

    def _plain(self, words: dict[str, str], chinese: bool) -> str:
        """A few words and no more, as most people search: "black belt" is a belt, whatever idioms there are."""
        others = [word for name, word in words.items() if name != "category"]
        self._random.shuffle(others)
        back = [word for word in others if word.startswith(("for ", "with ", "in ", "on "))]
        front = [word for word in others if word not in back]
        return ("" if chinese else " ").join([*front, words["category"], *back])

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
        word = rng.choice(others) if others and rng.random() < 0.75 else first or value.name
        if attribute.name == "colour" and rng.random() < 0.1:
            word = self._shaded(word, value.zh if chinese else value.name, value.name, chinese)
        elif rng.random() < 0.25 and fold(word) not in GENERIC_WORDS:
            other = respelt(word, attribute.name, rng)
            if self._lexicon.read(other)[attribute.name] in (None, value.name):
                word = other
        return word, value.name

    def _shaded(self, word: str, name: str, value: str, chinese: bool) -> str:
        """The colour in a shade that leaves it the same colour: "dark green", but not "dark blue", which is navy."""
        rng = self._random
        if chinese:
            shaded = rng.choice(SHADES_ZH) + (name if name.endswith("色") and len(name) == 2 else word)
        else:
            shaded = f"{rng.choice(SHADES)} {name}"
        return shaded if self._lexicon.read(shaded).get("colour") == value else word

    def _other(self, name: str, chinese: bool, chosen: Attributes) -> str:
        """A word for a value that is not the chosen one; where there is no other, a word that means nothing."""
        for _ in range(20):
            word, value = self._word(self._by_name[name], chinese)
            if value != chosen[name]:
                return word
        return self._random.choice(self._nothing_zh if chinese else self._nothing)

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

    def _misspell(self, words: dict[str, str]) -> None:
        """A slip in a word that matters, now and then: hardly any of those in whole prompts hit one."""
        rng = self._random
        for name, word in words.items():
            if rng.random() < 0.1 and word.isascii():
                parts = word.split(" ")
                place = rng.randrange(len(parts))
                parts[place] = misspelt(parts[place], rng)
                words[name] = " ".join(parts)

    def _describe(self, words: dict[str, str], chosen: Attributes, chinese: bool) -> str:
        """Now and then what the product is for instead of its name: "something to run in", "bag for school books"."""
        rng = self._random
        if "category" not in words or rng.random() > 0.14:
            return ""
        has_chinese = lambda text: any(c > "\u3400" for c in text)  # noqa: E731
        if rng.random() < 0.4:
            family = rng.choice(
                [f for f in GENERIC_IN_USE if set(GENERIC_IN_USE[f]) <= set(self._values("category"))] or [""]
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
        implied = self._lexicon.read(described)
        for name in self._names:
            if name != "category" and name not in words:
                chosen[name] = implied[name]
        return described

    def _values(self, name: str) -> list[str]:
        return [v.name for v in self._by_name[name].values] if name in self._by_name else []

    def _english(self, words: dict[str, str], chosen: Attributes, described: str) -> str:
        rng = self._random
        ahead, front, back = self._around_english(words, chosen)
        product = words.get("category", "")
        if described:
            if product in ("something", "anything", "a thing", "stuff", "one"):  # "something red to run in"
                product, front = " ".join((product, *front)), []
            product = f"{product} {described}"
        elif product and "colour" in words and rng.random() < 0.04:
            good = words["colour"]
            front, back = ([part for part in parts if good not in part] for parts in (front, back))
            bad = self._other("colour", False, chosen)
            product = rng.choice(CORRECTION_SENTENCES).format(bad=bad, good=good, p=product)
        elif product:
            product = self._second_product(product, chosen, False)
        else:
            product = rng.choice(("", "", "something", "anything", "ones", "one"))
        if "category" in words:
            product = self._part(product, False)
            if rng.random() < 0.2:
                front.insert(rng.randint(0, len(front)), rng.choice(self._modifiers))
        parts = [*ahead, *front, *([product] if product else []), *back]
        style = rng.random()
        if style < 0.2:  # tags
            rng.shuffle(parts)
        self._insert_noise(parts, chosen, False)
        joint = rng.choice((", ", " / ", " - ", " #", "; ", " ", " ", ". ")) if style < 0.12 else " "
        return self._among_sentences(joint.join(parts).replace(" ,", ","), False)

    def _around_english(
        self, words: dict[str, str], chosen: Attributes
    ) -> tuple[list[str], list[str], list[str]]:
        """What is said about the product: far ahead of it, right in front of it, behind it."""
        rng = self._random
        ahead: list[str] = []
        front: list[str] = []
        back: list[str] = []
        mixed = self._mixed_colour(words, chosen, False)
        for name, word in words.items():
            if name == "category":
                continue
            person = name == "audience" and word.isalpha() and chosen["audience"] not in ("unisex", "kids")
            if word.startswith(("for ", "with ", "in ", "on a ")):
                (ahead if rng.random() < 0.1 else back).append(word)
            elif name == "audience" and (word.startswith("my ") or (person and rng.random() < 0.5)):
                of = rng.choice(("my", "my", "the", "a", "our", "her", "his"))
                who = word if word.startswith("my ") or word in ("men", "women") else f"{of} {word}"
                (ahead if rng.random() < 0.5 else back).append(rng.choice(PERSON_FORMS).format(who))
            elif name == "colour" and mixed:
                (front if rng.random() < 0.8 else back).append(mixed)
            elif rng.random() < 0.65:
                coloured = name == "colour" and rng.random() < 0.08
                front.append(word + rng.choice((" coloured", "-coloured", " colored")) if coloured else word)
            else:
                back.append(rng.choice(FORMS.get(name, ("with {}",))).format(word))
        rng.shuffle(front)
        rng.shuffle(back)
        return ahead, front, back

    def _chinese(self, words: dict[str, str], chosen: Attributes, described: str) -> str:
        rng = self._random
        front, back = self._around_chinese(words, chosen)
        product = words.get("category", "")
        if described:
            product = described + product
        elif product:
            product = self._second_product(product, chosen, True)
        else:
            product = rng.choice(("", "", "", "东西", "款", "那种"))
        if "category" in words:
            product = self._part(product, True)
            if rng.random() < 0.2:
                modifier = rng.choice(self._modifiers_zh) + rng.choice(("", "的"))
                front.insert(rng.randint(0, len(front)), modifier)
        parts = [*front, *([product] if product else []), *back]
        if rng.random() < 0.2:
            rng.shuffle(parts)
        self._insert_noise(parts, chosen, True)
        joint = rng.choice((" ", "，", "、", "", " ")) if rng.random() < 0.25 else ""
        return self._among_sentences(joint.join(parts), True)

    def _around_chinese(self, words: dict[str, str], chosen: Attributes) -> tuple[list[str], list[str]]:
        """What is said about the product: in front of it, behind it."""
        rng = self._random
        front: list[str] = []
        back: list[str] = []
        mixed = self._mixed_colour(words, chosen, True)
        for name, word in words.items():
            if name == "category":
                continue
            if name == "audience" and rng.random() < 0.45 and word[0] not in "给适":
                front.insert(0, rng.choice(PERSON_FORMS_ZH).format(word))
            elif name in ("usage", "season") and rng.random() < 0.35:
                front.append(rng.choice(USAGE_FORMS_ZH).format(word))
            elif name == "colour" and mixed:
                front.append(mixed)
            elif rng.random() < 0.75:
                joint = "的" if rng.random() < 0.4 and not word.endswith("的") else ""
                for_whom = name in ("audience", "season") and word[0] not in "给适"
                front.append((rng.choice(("给", "适合", "")) if for_whom else "") + word + joint)
            else:
                back.append(rng.choice(FORMS_ZH.get(name, ("带{}",))).format(word))
        rng.shuffle(front)
        rng.shuffle(back)
        return front, back

    def _mixed_colour(self, words: dict[str, str], chosen: Attributes, chinese: bool) -> str:
        """The prompt's colour beside a second one, or after one that is not wanted; "" mostly.

        The first of two counts, and a ground with a pattern in another colour is of the ground's colour.
        """
        rng = self._random
        if "colour" not in words or rng.random() > 0.18:
            return ""
        colour, other = words["colour"], self._other("colour", chinese, chosen)
        kind = rng.random()
        if kind < 0.4:
            forms = ("{}和{}", "{}配{}", "{}{}", "{}、{}", "{}加{}") if chinese else ("{} and {}", "{} & {}", "{} with {} trim", "{}/{}", "{}, {}", "{}-{}")  # fmt: skip
            return rng.choice(forms).format(colour, other)
        if kind < 0.75 or "pattern" in words or "pattern" not in self._by_name:
            return rng.choice(CORRECTIONS_ZH if chinese else CORRECTIONS).format(bad=other, good=colour)
        pattern = rng.choice([p for p in PATTERN_OF if p in self._values("pattern")] or [""])
        if not pattern:
            return ""
        chosen["pattern"] = pattern
        nouns, sign = PATTERN_OF[pattern]
        if chinese:
            return f"{colour.removesuffix('色')}底{other.removesuffix('色')}{sign}" + rng.choice(
                ("", "的", "纹的")
            )
        return f"{colour} with {other} {rng.choice(nouns)}"

    def _second_product(self, product: str, chosen: Attributes, chinese: bool) -> str:
        """The product with another one, of which nothing counts."""
        rng = self._random
        if rng.random() > 0.06:
            return product
        other = self._other("category", chinese, chosen)
        name = rng.choice(("colour", "colour", "material", "pattern", ""))
        if name in self._by_name:
            other = f"{self._word(self._by_name[name], chinese)[0]}{'' if chinese else ' '}{other}"
        return rng.choice(SECOND_ZH if chinese else SECOND).format(a=product, b=other)

    def _part(self, product: str, chinese: bool) -> str:
        """The product with a part in a colour of its own, which does not count."""
        rng = self._random
        if rng.random() > 0.06 or "colour" not in self._by_name:
            return product
        colour, part = (
            self._word(self._by_name["colour"], chinese)[0],
            rng.choice(PARTS_ZH if chinese else PARTS),
        )
        if rng.random() < 0.15:
            return f"{colour}{part}的{product}" if chinese else f"{colour} {part} on the {product}"
        form = rng.choice(PART_FORMS_ZH if chinese else PART_FORMS).format(c=colour, p=part)
        return f"{product}{form}" if chinese or form.startswith(",") else f"{product} {form}"

    def _insert_noise(self, parts: list[str], chosen: Attributes, chinese: bool) -> None:
        rng = self._random
        forms = NEGATIONS_ZH if chinese else NEGATIONS
        if rng.random() < 0.2:
            attribute = rng.choice([*self._attributes, self._by_name.get("colour", self._attributes[0])])
            name = attribute.name
            negation = rng.choice(forms).format(self._other(name, chinese, chosen))
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
                word = rng.choice(self._nothing_zh if chinese else self._nothing)
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

    def _among_sentences(self, text: str, chinese: bool) -> str:
        """Mostly the text alone, now and then after or before a sentence that says nothing about it."""
        rng = self._random
        if rng.random() > 0.1:
            return text
        other = sentence(rng, chinese)
        joint = rng.choice(("，", "。", " ") if chinese else (", ", ". ", " - ", "; "))
        return f"{other}{joint}{text}" if rng.random() < 0.65 else f"{text}{joint}{other}"

    def _about_nothing(self, chinese: bool) -> str:
        rng = self._random
        kind = rng.random()
        if kind < 0.45:
            text = sentence(rng, chinese)
        elif kind < 0.6 and "colour" in self._by_name:  # a red banana is no red product
            attribute = self._by_name[
                rng.choice([n for n in ("colour", "colour", "material", "price") if n in self._by_name])
            ]
            text = f"{self._word(attribute, chinese)[0]}{rng.choice(('', '的')) if chinese else ' '}{thing(rng, chinese)}"
            if rng.random() < 0.3:
                text = f"{rng.choice(OPENERS_ZH if chinese else OPENERS)}{'' if chinese else ' '}{text}"
        elif kind < 0.7:  # only what is not wished for
            attribute = rng.choice(self._attributes)
            text = rng.choice(NEGATIONS_ZH if chinese else NEGATIONS).format(
                self._word(attribute, chinese)[0]
            )
            if rng.random() < 0.3:
                text += rng.choice(
                    CLOSERS_ZH
                    if chinese
                    else (" please", " thanks", " at all", " if possible", ", anything else is fine")
                )
        else:
            parts = []
            for _ in range(rng.choice((1, 1, 2, 3, 4, 6, 9))):
                words = rng.choice(
                    (self._nothing_zh if chinese else self._nothing, self._noise, self._brands)
                )
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
