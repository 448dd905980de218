"""Everyday sentences, idioms and words that assert nothing about a product; the words are in chatter.toml."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Words:
    """What is said in one language: idioms and questions, and who does what when in sentences."""

    idioms: list[str]
    questions: list[str]
    who: list[str]
    does: list[str]
    what: list[str]
    when: list[str]


_LANGUAGES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
ENGLISH, CHINESE = Words(**_LANGUAGES["english"]), Words(**_LANGUAGES["chinese"])


def sentence(rng: random.Random, chinese: bool) -> str:
    """A sentence, an idiom or a question about nothing that is sold here."""
    kind = rng.random()
    if chinese:
        if kind < 0.4:
            return rng.choice(CHINESE.idioms)
        if kind < 0.6:
            return rng.choice(CHINESE.questions)
        parts = [rng.choice(words) for words in (CHINESE.who, CHINESE.when, CHINESE.does, CHINESE.what)]
        return "".join(parts[rng.choice((0, 0, 2)) :]) + rng.choice(("", "", "吗", "了", "吧"))
    if kind < 0.4:
        return rng.choice(ENGLISH.idioms)
    if kind < 0.55:
        return rng.choice(ENGLISH.questions)
    what = " ".join(rng.choice(ENGLISH.what) for _ in range(rng.choice((1, 1, 2))))
    if kind < 0.65:
        return what
    place = f" {rng.choice(ENGLISH.when)}" if rng.random() < 0.6 else ""
    return f"{rng.choice(ENGLISH.who)} {rng.choice(ENGLISH.does)} {rng.choice(('the', 'a', 'my', 'our', 'some'))} {what}{place}"


def thing(rng: random.Random, chinese: bool) -> str:
    """A thing that is not sold here; "red" in front of it says nothing about a product."""
    return rng.choice(CHINESE.what if chinese else ENGLISH.what)
