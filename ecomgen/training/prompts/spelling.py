"""How people really spell: other forms of a word, words run together or apart, slips of the fingers and of the ear."""

from __future__ import annotations

import random
import re

from ecomgen.training.prompts.phrases import EMOJI

_HALVES = (
    "hand", "back", "sun", "wrist", "neck", "sweat", "track", "foot", "ear", "lip", "flip", "nail", "bath", "shoulder", "tooth",
    "brief", "duffel", "over", "under", "rain", "wind", "body", "card", "cuff", "pull", "turtle", "book", "ruck", "knap", "eye",
    "time", "snap", "base", "night", "board", "swim", "trouser", "smart", "belt", "head", "blue", "leather", "multi", "pin",
)  # fmt: skip
_EAR = (
    ("ie", "ei"), ("ei", "ie"), ("ck", "k"), ("ph", "f"), ("er", "ar"), ("er", "or"), ("le", "el"), ("el", "al"), ("ai", "ia"),
    ("ea", "ee"), ("ee", "ea"), ("ou", "u"), ("ow", "ou"), ("ir", "er"), ("ar", "er"), ("an", "en"), ("al", "el"), ("ch", "sh"),
    ("c", "k"), ("c", "s"), ("s", "z"), ("y", "ie"), ("gh", "g"), ("ll", "l"), ("ss", "s"), ("tt", "t"), ("rr", "r"), ("pp", "p"),
    ("ff", "f"), ("nn", "n"), ("e", "a"), ("a", "e"), ("o", "u"), ("i", "e"), ("u", "o"), ("e", "i"), ("our", "or"), ("que", "k"),
)  # fmt: skip


def respelt(word: str, attribute: str, rng: random.Random) -> str:
    """Another form of a schema word: singular or plural, run together or apart, 色 left out or put behind."""
    if not word.isascii():
        if attribute != "colour" or len(word) < 3:
            return word
        return word[:-1] if word.endswith("色") else word + "色"
    if len(word) == 1:  # less would be nothing
        return word
    kind = rng.random()
    if kind < 0.35 and " " in word and not word.startswith(("for ", "my ", "with ", "in ")):
        first, rest = word.split(" ", 1)
        return f"{first}{rest}"
    if kind < 0.6:
        half = next((h for h in _HALVES if word.startswith(h) and len(word) > len(h) + 2), None)
        if half and word[len(half)] not in " -s":
            return f"{half} {word[len(half) :]}"
    if attribute != "category":
        return word
    if re.search(r"(?:ss|sh|ch|x)es$", word):
        return word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word + ("es" if re.search(r"(?:s|sh|ch|x)$", word) else "s")


def misspelt(word: str, rng: random.Random) -> str:
    """One slip of the fingers or of the ear in a Latin word."""
    if len(word) < 3 or not word.isascii():
        return word
    if len(word) > 3 and rng.random() < 0.35:
        heard = [(a, b) for a, b in _EAR if a in word[1:]]
        if heard:
            a, b = rng.choice(heard)
            return word[0] + word[1:].replace(a, b, 1)
    i = rng.randrange(0 if rng.random() < 0.1 else 1, len(word) - 1)  # the first letter is mostly right
    swapped = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if len(word) == 3:  # any other slip may make another word of it
        return swapped
    dropped, doubled = word[:i] + word[i + 1 :], word[:i] + word[i] + word[i:]
    letters = "aeiou" if word[i] in "aeiou" else "abcdefghijklmnopqrstuvwxyz"
    replaced = word[:i] + rng.choice(letters) + word[i + 1 :]
    return rng.choice((swapped, swapped, dropped, dropped, doubled, replaced))


def spoilt(text: str, rng: random.Random) -> str:
    """The text with typos, emoji, capitals and odd spacing, now and then."""
    if rng.random() < 0.25:
        words = text.split(" ")
        for _ in range(rng.choice((1, 1, 2))):
            place = rng.randrange(len(words))
            words[place] = misspelt(words[place], rng)
        text = " ".join(words)
    if rng.random() < 0.05:
        text = rng.choice((f"{text} {rng.choice(EMOJI)}", f"{rng.choice(EMOJI)}{text}"))
    if rng.random() < 0.04:
        text = text.replace("-", " ").replace("'", "")
    return text.strip() or "?"
