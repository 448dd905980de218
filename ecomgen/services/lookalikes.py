"""What a character may stand for to a reader's eye or ear: Latin letters, a simplified Chinese character, a sound."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

Kind = Literal["letter", "digit", "han", "gap", "other"]

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me"}
_BLANK = set(
    "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
)  # they are drawn as nothing, but count as letters or symbols
_STROKES = set("丨丶丿亅乀乁")  # drawn as a line or a point
_LEET = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b", "9": "gq",
    "@": "a", "$": "s", "!": "il", "|": "il", "+": "t", "€": "e", "£": "l", "¢": "c", "¥": "y", "(": "c", "<": "c",
}  # fmt: skip
_ASCII = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Sign:
    """A character as it is compared: lower case and simplified. `letters`: the Latin letters that it may stand for.

    `sound` is the pinyin of a Chinese character without its tone (1 to 5). A gap separates; a digit and some gaps may
    stand for letters.
    """

    char: str
    kind: Kind
    letters: str = ""
    sound: str = ""
    tone: str = ""


def signs(text: str) -> list[Sign]:
    """The text's visible characters, in order (NFKC, without accents)."""
    found = []
    for char in unicodedata.normalize("NFKC", text):
        if char.isspace() or char in _STROKES:
            found.append(_SPACE)
        elif char not in _BLANK and unicodedata.category(char) not in _INVISIBLE:
            found.append(_sign(char))
    return found


def pinyin(term: str) -> list[tuple[str, str]]:
    """Sound and tone of each character of a Chinese term, as it is read in this term; "" where it has none."""
    from pypinyin import Style, lazy_pinyin

    read = lazy_pinyin(term, style=Style.TONE3, neutral_tone_with_five=True, errors=list)  # type: ignore[arg-type]
    return [(sound[:-1], sound[-1]) if len(sound) > 1 else ("", "") for sound in read]


_SPACE = Sign(" ", "gap")


@lru_cache(maxsize=20_000)
def _sign(char: str) -> Sign:
    if char.isascii() and char.isalpha():
        return Sign(char.lower(), "letter", {"I": "il", "l": "li"}.get(char, char.lower()))
    if _is_han(char):
        simple = _simplified(char)
        sound, tone = pinyin(simple)[0]
        return Sign(simple, "han", "", sound, tone)
    if char.isascii() and char.isdigit():
        return Sign(char, "digit", _LEET.get(char, ""))
    if char in _LEET:
        return Sign(char, "gap", _LEET[char])
    letters = _latin(char)
    if letters:
        return Sign(char.lower()[:1], "letter", letters)
    return Sign(char.lower()[:1], "other" if char.isalnum() else "gap")


def _is_han(char: str) -> bool:
    return unicodedata.name(char, "").startswith(("CJK UNIFIED", "CJK COMPAT")) or char == "〇"


def _latin(char: str) -> str:
    """The Latin letters that a character without or with an accent looks like, in either case."""
    found = set(_lookalikes().get(char, ""))
    for form in (char.lower(), char.upper(), unicodedata.normalize("NFKD", char)[:1]):
        found |= set(_lookalikes().get(form, "")) | ({form.lower()} & set(_ASCII))
    # such as "latin small letter o with stroke", "latin letter small capital r", "regional indicator symbol letter a"
    name = unicodedata.name(char, "")
    if name.startswith(("LATIN", "NEGATIVE", "REGIONAL", "CIRCLED", "SQUARED", "PARENTHESIZED")):
        words = name.split(" WITH ")[0].split()
        if "LETTER" in words and words[-1].lower() in _ASCII:
            found.add(words[-1].lower())
    return "".join(sorted(found))


@lru_cache(maxsize=1)
def _lookalikes() -> dict[str, str]:
    """Character -> the letters that Unicode's table of confusables has for it."""
    from confusable_homoglyphs.confusables import confusables_data

    table: dict[str, str] = {}
    for letter in _ASCII + _ASCII.upper():
        for entry in confusables_data.get(letter, ()):
            if len(entry["c"]) == 1 and not entry["c"].isascii():
                table[entry["c"]] = table.get(entry["c"], "") + letter.lower()
    return table


def _simplified(char: str) -> str:
    simple = str(_converter().convert(char))
    return simple if len(simple) == 1 else char


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
