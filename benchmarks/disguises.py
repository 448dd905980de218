"""How people write a forbidden word so that a list does not find it: ten ways in English, ten in Chinese, and homophones.

Each takes the word and a random.Random and returns it in disguise. The tables are written apart from those of
ecomgen.services.lookalikes, so that the guard is not tested with itself; pinyin and traditional characters come from the
same libraries.
"""

import re
from functools import lru_cache

_ALIKE = dict(zip("acehijklmnoprstuvxyBEHKMT", "асеһіјкӏмпоргѕтυνхуВЕНКМТ", strict=True))
_ALIKE |= {
    "n": "ո",
    "r": "г",
    "m": "ｍ",
    "k": "κ",
    "t": "τ",
    "l": "ⅼ",
    "u": "υ",
    "d": "ԁ",
    "g": "ɡ",
    "w": "ԝ",
    "q": "ԛ",
    "s": "ѕ",
    "b": "Ь",
}
_DIGITS = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "l": "1|", "b": "8", "g": "9"}
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e"
_POINTS = ".-_*·/~'"
_POINTS_ZH = "·*_-/丨～.、|"
_WIDE = (
    0xFF41,
    0x1D41A,
    0x1D4EA,
    0x1D5BA,
    0x1D68A,
    0x24D0,
)  # full width, bold, script, sans, typewriter, circled
_ACCENTS = "\u0300\u0301\u0302\u0303\u0308\u030a\u0323\u0332\u0335"
_SOUND_ALIKE = (
    ("ph", "f"), ("ck", "k"), ("cc", "k"), ("qu", "kw"), ("x", "ks"), ("c(?=[ei])", "s"), ("c(?=[aorlu])", "k"), ("f", "ph"), ("ks", "x"),
    ("ee", "ea"), ("ea", "ee"), ("oo", "ou"), ("(?<!c)k(?=[aorlu])", "c"), ("s(?=[^hst]|$)", "z"), ("(?<=.)i(?=[^aeiou]|$)", "y"),
    ("(?<![cgr])er$", "or"), ("(?<=[^aeou])y", "i"),
)  # fmt: skip


def capitals(word, rng):
    """RaNDom CaPiTals."""
    return "".join(rng.choice((c.upper(), c.lower())) for c in word)


def lookalikes(word, rng):
    """Letters of other scripts that look the same, at least one."""
    return _some(word, rng, _ALIKE, lambda c: _ALIKE[c])


def unseen(word, rng):
    """Characters that are not shown between all letters."""
    return "".join(c + rng.choice(_UNSEEN) for c in word)


def digits(word, rng):
    """Digits and symbols for letters, at least one, and a letter stays."""
    kept = rng.choice([i for i, c in enumerate(word) if c.isalpha()])
    return "".join(
        rng.choice(_DIGITS[c]) if c in _DIGITS and i != kept and rng.random() < 0.6 else c
        for i, c in enumerate(word)
    )


def spaced(word, rng):
    """s p a c e d"""
    return " ".join(word.replace(" ", ""))


def pointed(word, rng):
    """Points, dashes, stars between the letters."""
    mark = rng.choice(_POINTS)
    return mark.join(word.replace(" ", ""))


def repeated(word, rng):
    """Some letters twice or more often."""
    return "".join(c * rng.choice((1, 1, 2, 3, 5)) if c.isalpha() else c for c in word)


def wide(word, rng):
    """Full-width, bold, script or circled letters."""
    first = rng.choice(_WIDE)
    return "".join(chr(first + ord(c) - 97) if "a" <= c <= "z" else c for c in word)


def accented(word, rng):
    """Accents and strokes over letters."""
    return "".join(c + rng.choice(_ACCENTS) * rng.choice((0, 1, 1, 2)) if c.isalpha() else c for c in word)


def mixed(word, rng):
    """Two or three of these at once."""
    first = rng.choice((repeated, capitals, digits))(word, rng)
    second = rng.choice((unseen, accented, spaced, pointed))(first, rng)
    return lookalikes(second, rng) if rng.random() < 0.25 else second


def traditional(word, rng):
    """Traditional characters."""
    from opencc import OpenCC

    return _converter("s2t", OpenCC).convert(word)


def spaced_zh(word, rng):
    """Spaces between the characters."""
    return rng.choice((" ", "  ", "\u3000")).join(word)


def pointed_zh(word, rng):
    """Points, strokes and stars between the characters."""
    return rng.choice(_POINTS_ZH).join(word)


def numbered_zh(word, rng):
    """Digits or emoji between the characters."""
    return "".join(
        c + (rng.choice("123456789🌸⭐❤") if i < len(word) - 1 else "") for i, c in enumerate(word)
    )


def repeated_zh(word, rng):
    """Some characters twice."""
    return "".join(c * rng.choice((1, 2)) for c in word)


def pinyin_joined(word, rng):
    """haiLuoYin in one word."""
    return "".join(_pinyin(word, "NORMAL"))


def pinyin_apart(word, rng):
    """Pinyin with spaces, with or without tones."""
    return " ".join(_pinyin(word, rng.choice(("NORMAL", "TONE", "TONE3"))))


def half_pinyin(word, rng):
    """One character or more in pinyin."""
    spelt = _pinyin(word, "NORMAL")
    chosen = rng.randrange(len(word))
    return "".join(s if i == chosen else c for i, (c, s) in enumerate(zip(word, spelt, strict=True)))


def mixed_zh(word, rng):
    """Traditional characters with something between them."""
    return rng.choice((spaced_zh, pointed_zh, unseen, repeated_zh))(traditional(word, rng), rng)


ENGLISH = (capitals, lookalikes, unseen, digits, spaced, pointed, repeated, wide, accented, mixed)
CHINESE = (traditional, unseen, spaced_zh, pointed_zh, numbered_zh, repeated_zh, pinyin_joined, pinyin_apart, half_pinyin, mixed_zh)  # fmt: skip


def sounding(word, rng):
    """A spelling that sounds the same, a letter or two exchanged; None where there is none."""
    fits = [pair for pair in _SOUND_ALIKE if re.search(pair[0], word)]
    if not fits:
        return None
    old, new = rng.choice(fits)
    return re.sub(old, new, word, count=1)


def homophones(word, rng, tones=True):
    """One character or more replaced by common ones of the same sound, and tone where `tones`."""
    chosen = set(rng.sample(range(len(word)), rng.randint(1, len(word))))
    result = []
    for i, (char, sound) in enumerate(zip(word, _pinyin(word, "TONE3"), strict=True)):
        same = _common().get(sound if tones else sound.rstrip("12345"), [])
        others = [c for c in same if c != char]
        result.append(rng.choice(others) if i in chosen and others else char)
    return None if "".join(result) == word else "".join(result)


def _some(word, rng, table, change):
    places = [i for i, c in enumerate(word) if c in table]
    chosen = {i for i in places if rng.random() < 0.6} or set(places[:1])
    return "".join(change(c) if i in chosen else c for i, c in enumerate(word))


def _pinyin(word, style):
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(word, style=Style[style])


@lru_cache
def _converter(name, kind):
    return kind(name)


@lru_cache
def _common():
    """Sound with and without tone -> the characters of GB 2312's first level (3,755 common ones) that have it."""
    table = {}
    for code in range(0xB0A1, 0xD7FA):
        try:
            char = code.to_bytes(2).decode("gb2312")
        except UnicodeDecodeError:
            continue
        sound = _pinyin(char, "TONE3")[0]
        for key in {sound, sound.rstrip("12345")}:
            table.setdefault(key, []).append(char)
    return table


def example(word, rng, disguised):
    """The word in a prompt as a shop would be asked."""
    chinese = not word.isascii()
    frames = ("印有{}的包", "{}图案的鞋子", "红色{}", "{}") if chinese else ("a t-shirt with a {} on it", "{} bag", "red {} shoes for women", "{}")  # fmt: skip
    return rng.choice(frames).format(disguised)
