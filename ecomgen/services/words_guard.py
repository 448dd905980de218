"""Finds words of a list in a text, also in disguise; innocent phrases are let through.

All words stand in two tries that are walked from every place where a word may begin, forgivingly: a sign is read as each
letter that it resembles, letters may repeat, and what separates them is stepped over. A Chinese character is also met by
its pinyin and by another character of the same sound and tone (in words of three characters and more, of any tone).
English words of five letters and more are also met by spellings that sound the same.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from ecomgen.services.lookalikes import Sign, pinyin, signs

_MOST_APART = 8  # signs that may stand between two letters of a word
_LONGEST = 96  # signs that a word in disguise may take
_SOUNDING = 5  # letters, from which on an English word is also found by its sound
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("ph", "f"), ("sch|sh|ti(?=on)|ci(?=o)", "S"), ("t?ch", "C"), ("th", "T"), ("ck", "k"), ("c(?=[eiy])", "s"),
        ("[cq]", "k"), ("x", "ks"), ("z", "s"), ("y", "i"), ("^kn", "n"), ("^wr", "r"), ("gh(?![aeiou])", ""), ("gh", "g"),
        ("wh", "w"), ("ee|ea|ie|ei", "i"), ("oo|ou|ew", "u"), ("(?:er|or|ar|re)$", "a"), ("(?<=..)e$", ""), (r"(.)\1+", r"\1"),
    )
)  # fmt: skip


@dataclass(eq=False)
class _Node:
    """What follows the beginning of some words: by letter or character, and by sound (with the tone)."""

    next: dict[str, _Node] = field(default_factory=dict)
    sounds: dict[str, list[tuple[_Node, str]]] = field(default_factory=dict)
    spelt: list[_Node] = field(default_factory=list)  # the characters whose pinyin is complete here
    topic: int | None = None  # of the word that ends here
    length: int = 0

    def step(self, key: str) -> _Node:
        return self.next.setdefault(key, _Node())


class _Way(NamedTuple):
    """How far a walk has come, and how."""

    node: _Node
    last: str  # read last
    alike: int  # characters met by their sound alone
    off_tone: int  # of these, of another tone
    spelt: int  # characters met by their pinyin


class _Hit(NamedTuple):
    start: int
    end: int
    topic: int
    plain: bool  # not met by sound or pinyin, nor apart


class WordsGuard:
    """`topics` are lists of words, `allowed` innocent phrases that hold some, `ordinary` Chinese words that a disguise may
    meet by chance."""

    def __init__(
        self, topics: Sequence[Iterable[str]], allowed: Iterable[str] = (), ordinary: Iterable[str] = ()
    ) -> None:
        self._latin, self._chinese = _Node(), _Node()
        self._sounding: dict[tuple[str, ...], int] = {}
        for topic, terms in enumerate(topics):
            for term in terms:
                self._add(term, topic)
        self._most_words = max(map(len, self._sounding), default=0)
        self._allowed = _phrases(allowed)
        self._ordinary = _phrases(word for word in ordinary if len(word) > 1 and not word.isascii())

    def find(self, text: str, but: int | None = None) -> int | None:
        """The number of the topic that a word in the text belongs to, or None; the topic `but` does not count."""
        seen = signs(text)
        hits = (hit for hit in self._hits(seen) if hit.topic != but)
        first = next(hits, None)
        if first is None:
            return None
        plain = "".join(sign.char for sign in seen)
        innocent = _spans(self._allowed, plain)
        touched = innocent + _spans(self._ordinary, plain)
        for hit in itertools.chain([first], hits):
            if not (_inside(hit, innocent) or _by_chance(hit, touched)):
                return hit.topic
        return None

    def _add(self, term: str, topic: int) -> None:
        seen = signs(term)
        word = "".join(sign.char for sign in seen if sign.kind != "gap")
        if not word:
            return None
        if any(sign.kind == "han" for sign in seen):
            return self._add_chinese(word, topic)
        for form in (word, word + "s", word + "es"):
            node = self._latin
            for char in form:
                node = node.step(char)
            if node.topic is None:
                node.topic, node.length = topic, len(word)
        if len(word) >= _SOUNDING:
            words = "".join(sign.char if sign.kind != "gap" else " " for sign in seen).split()
            for last in (words[-1], words[-1] + "s"):
                self._sounding.setdefault(tuple(map(_sound, (*words[:-1], last))), topic)

    def _add_chinese(self, term: str, topic: int) -> None:
        node = self._chinese
        for char, (sound, tone) in zip(term, pinyin(term), strict=True):
            following = node.step(char)
            if not sound or len(term) == 1:  # one sound alone means nothing
                node = following
                continue
            alike = node.sounds.setdefault(sound, [])
            if all(other is not following for other, _ in alike):
                alike.append((following, tone))
                for spelling in {sound, sound.replace("v", "u")}:  # v is how ü is typed
                    letter = node
                    for each in spelling:
                        letter = letter.step(each)
                    letter.spelt.append(following)
            node = following
        if node.topic is None:
            node.topic, node.length = topic, len(term)

    def _hits(self, seen: Sequence[Sign]) -> Iterator[_Hit]:
        before: Sign | None = None  # where the last walk began, if nothing but gaps came since
        for start, sign in enumerate(seen):
            chinese = sign.kind == "han"
            if chinese or _begins(seen, start):
                if before is None or not _same(before, sign):  # else it is a repetition, which was walked
                    yield from () if chinese else _walk(self._latin, seen, start)
                    yield from _walk(self._chinese, seen, start)
                before = sign
            elif sign.kind != "gap":
                before = None
        words = _words(seen)
        keys = [_sound("".join(sign.letters[0] for sign in seen[a:b])) for a, b in words]
        for i in range(len(keys)):
            for n in range(1, min(self._most_words, len(keys) - i) + 1):
                topic = self._sounding.get(tuple(keys[i : i + n]))
                if topic is not None:
                    yield _Hit(words[i][0], words[i + n - 1][1], topic, plain=True)


def _inside(hit: _Hit, innocent: Sequence[tuple[int, int]]) -> bool:
    return any(start <= hit.start and hit.end <= end for start, end in innocent)


def _by_chance(hit: _Hit, ordinary: Sequence[tuple[int, int]]) -> bool:
    """Whether ordinary words make up what was found: one runs into it and another out of it; in a disguise, one touches it."""
    if not hit.plain:
        return any(start < hit.end and hit.start < end for start, end in ordinary)
    ends = [end for start, end in ordinary if start < hit.start < end < hit.end]
    begins = [start for start, end in ordinary if hit.start < start < hit.end < end]
    return bool(ends and begins) and min(begins) <= max(ends)


def _walk(root: _Node, seen: Sequence[Sign], start: int) -> Iterator[_Hit]:
    """The words that begin at `start`, each with where it ends."""
    ways, apart = {_Way(root, "", 0, 0, 0)}, 0
    if root.next.keys().isdisjoint((seen[start].char, *seen[start].letters)) and not root.sounds.get(
        seen[start].sound
    ):
        return
    for here in range(start, min(start + _LONGEST, len(seen))):
        sign = seen[here]
        read = _read(ways, sign)
        for way in read:
            if way.node.topic is not None and _counts(way, seen, start, here):
                gaps = any(each.kind == "gap" for each in seen[start:here])
                yield _Hit(start, here + 1, way.node.topic, not (way.alike or way.spelt or gaps))
        if sign.kind == "gap":
            apart += not sign.letters  # “$” between spaces is a letter
            read.update(way for way in ways if way.last)
        elif sign.kind == "digit":
            # after pinyin it is a tone, among Chinese characters it separates
            read.update(way for way in ways if way.spelt or (way.last and not way.last.isascii()))
        else:
            apart = 0
        if not read or apart > _MOST_APART:
            return
        ways = read


def _read(ways: set[_Way], sign: Sign) -> set[_Way]:
    """The ways on when the sign is read as each thing that it may stand for."""
    onward = set()
    if sign.kind == "han":
        char = sign.char
        for way in ways:
            node, last, alike, off_tone, spelt = way
            exact = node.next.get(char)
            if exact:
                onward.add(_Way(exact, char, alike, off_tone, spelt))
            for other, tone in node.sounds.get(sign.sound, ()):
                if other is not exact:
                    onward.add(_Way(other, char, alike + 1, off_tone + (tone != sign.tone), spelt))
            if last == char:
                onward.add(way)
        return onward
    for letter in _readings(sign):
        for way in ways:
            node, last, alike, off_tone, spelt = way
            following = node.next.get(letter)
            if following:
                onward.add(_Way(following, letter, alike, off_tone, spelt))
                for whole in following.spelt:
                    onward.add(_Way(whole, letter, alike, off_tone, spelt + 1))
            if last == letter:
                onward.add(way)  # repeated
    return onward


def _same(one: Sign, other: Sign) -> bool:
    return set(one.letters) == set(other.letters) if one.letters else one.char == other.char


def _readings(sign: Sign) -> str:
    return sign.letters if sign.char in sign.letters else sign.char + sign.letters


def _counts(way: _Way, seen: Sequence[Sign], start: int, here: int) -> bool:
    """Whether the word that ends here is one to a reader, too."""
    span, after = seen[start : here + 1], seen[here + 1].kind if here + 1 < len(seen) else "gap"
    if seen[here].kind != "han" and after in ("letter", "other"):
        return False
    if way.node.length < 3 and way.off_tone:
        return False
    if any(sign.kind == "han" for sign in span) or way.spelt:
        return True
    letters = sum(sign.kind == "letter" for sign in span)
    stand_ins = sum(1 for _ in itertools.groupby(sign.char for sign in span if sign.kind == "digit"))
    if stand_ins and after == "digit":
        return False
    if not letters or stand_ins > (1 if way.node.length <= 3 else way.node.length - 1):
        return False
    pieces = {end - begin for begin, end in _words(span)}
    if _holds_number(seen, start, here, longest=1 if pieces == {1} else 0):
        return False
    return not (len(span) > 4 and pieces == {1} and _single_letter_follows(seen, here + 1))


def _begins(seen: Sequence[Sign], start: int) -> bool:
    sign, before = seen[start], seen[start - 1].kind if start else "gap"
    if not sign.letters and sign.kind != "other":
        return False
    return before not in ("letter", "other") and not (sign.kind == before == "digit")


def _holds_number(seen: Sequence[Sign], start: int, here: int, longest: int) -> bool:
    """Whether a number of more than `longest` digits, alone between spaces, would be read as letters: sizes are no words."""
    around = seen[max(0, start - 1) : here + 2]
    text = "".join(" " if sign.kind == "gap" and not sign.letters else sign.char for sign in around)
    return any(len(number) > longest for number in re.findall(r"(?<!\S)\d+(?!\S)", text))


def _single_letter_follows(seen: Sequence[Sign], place: int) -> bool:
    """Whether a word of one letter comes next, so that what is spelt out goes on; "a" begins something else."""
    rest = itertools.dropwhile(lambda sign: sign.kind == "gap", seen[place : place + _LONGEST])
    following, after = next(rest, None), next(rest, None)
    alone = after is None or after.kind == "gap"
    return following is not None and following.kind == "letter" and alone and following.char != "a"


def _words(seen: Sequence[Sign]) -> list[tuple[int, int]]:
    """Where words of Latin letters, and what may stand for them, begin and end."""
    marks = "".join("x" if sign.letters else " " for sign in seen)
    return [run.span() for run in re.finditer("x+", marks)]


@lru_cache(maxsize=20_000)
def _sound(word: str) -> str:
    """One spelling for words that sound alike in English."""
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word


def _phrases(texts: Iterable[str]) -> re.Pattern[str]:
    """Finds the longest of the phrases at each place, as whole words."""
    parts = []
    for text in sorted({"".join(sign.char for sign in signs(text)) for text in texts}, key=len, reverse=True):
        words = r"\s+".join(map(re.escape, text.split()))
        parts.append(rf"(?<![a-z]){words}(?![a-z])" if text.isascii() else words)
    return re.compile(f"(?=({'|'.join(parts)}))" if parts else r"(?!)()")


def _spans(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [found.span(1) for found in pattern.finditer(text)]
