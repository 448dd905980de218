"""The attributes a product can have: names and values in English and Chinese, with synonyms. No tensors here.

A schema travels with every checkpoint in its `config.json`. A product set may bring new values or new attributes
(`Schema.extended`): the networks condition on embedded words, so no tensor changes its shape.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from ecomgen.errors import ConfigError, InvalidRequest

Attributes = dict[str, str | None]
"""Attribute name -> value name; None or absent means unspecified."""

_MAX_WORD = 60


def fold(text: str) -> str:
    """One spelling for comparing words: NFKC, lower case, single spaces, hyphens and underscores as spaces."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("_", " ").replace("-", " ")
    return " ".join(text.split())


@dataclass(frozen=True)
class Value:
    """One value of an attribute, e.g. "red", with its Chinese name and other words for it in both languages."""

    name: str
    zh: str = ""
    en: tuple[str, ...] = ()
    cn: tuple[str, ...] = ()

    def label(self, language: str) -> str:
        """The name shown in `language` ("en" or "zh")."""
        return self.zh if language == "zh" and self.zh else self.name

    @property
    def words(self) -> tuple[str, ...]:
        """Every word for this value, the names first."""
        return tuple(w for w in (self.name, self.zh, *self.en, *self.cn) if w)


@dataclass(frozen=True)
class Attribute:
    """One attribute, e.g. "colour": the metadata columns it is read from and its values."""

    name: str
    zh: str = ""
    columns: tuple[str, ...] = ()
    titles: bool = False
    values: tuple[Value, ...] = ()

    def label(self, language: str) -> str:
        """The name shown in `language` ("en" or "zh")."""
        return self.zh if language == "zh" and self.zh else self.name

    @cached_property
    def _by_word(self) -> dict[str, Value]:
        table: dict[str, Value] = {}
        for value in self.values:
            table[fold(value.name)] = value
        for value in self.values:
            for word in value.words:
                table.setdefault(fold(word), value)
        return table

    def find(self, word: str) -> Value | None:
        """The value that `word` names: a name or a synonym in either language, any case."""
        return self._by_word.get(fold(word))


@dataclass(frozen=True)
class Schema:
    """All attributes in the order in which they are shown, and the trademarks that never become values."""

    attributes: tuple[Attribute, ...]
    trademarks: tuple[str, ...] = field(default=(), repr=False)

    def __iter__(self) -> Iterator[Attribute]:
        return iter(self.attributes)

    @property
    def names(self) -> tuple[str, ...]:
        """Attribute names, in order."""
        return tuple(a.name for a in self.attributes)

    def __getitem__(self, name: str) -> Attribute:
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute
        raise InvalidRequest(
            f"There is no attribute “{name[:_MAX_WORD]}”; known are: {', '.join(self.names)}."
        )

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def for_column(self, column: str) -> Attribute | None:
        """The attribute that a metadata column is read into, or None."""
        key = fold(column)
        for attribute in self.attributes:
            if key == fold(attribute.name) or key in map(fold, attribute.columns):
                return attribute
        return None

    def resolve(self, chosen: Mapping[str, str | None]) -> Attributes:
        """Check attributes given by a user; synonyms become value names, empty or "unspecified" becomes None.

        Raises InvalidRequest with the list of what is known.
        """
        result: Attributes = {}
        for name, word in chosen.items():
            attribute = self[name]
            if word is None or fold(word) in ("", "unspecified", "none", "未指定"):
                result[name] = None
                continue
            value = attribute.find(word)
            if value is None:
                known = ", ".join(v.name for v in attribute.values)
                raise InvalidRequest(f"“{word[:_MAX_WORD]}” is not a known {name}; known are: {known}.")
            result[name] = value.name
        return result

    @cached_property
    def _trademark_pattern(self) -> re.Pattern[str]:
        words = sorted((fold(t) for t in self.trademarks), key=len, reverse=True)
        if not words:
            return re.compile(r"(?!)")
        latin = "|".join(re.escape(w) for w in words if w.isascii())
        other = "|".join(re.escape(w) for w in words if not w.isascii())
        parts = [rf"(?<![a-z0-9])(?:{latin})(?![a-z0-9])"] * bool(latin) + [other] * bool(other)
        return re.compile("|".join(parts))

    def has_trademark(self, text: str) -> bool:
        """Whether a known trademark occurs in `text` as a word."""
        return bool(self._trademark_pattern.search(fold(text)))

    def extended(self, found: Mapping[str, Iterable[str]]) -> Schema:
        """This schema with new attributes and values from a product set; trademarks and over-long words are left out."""
        attributes = {a.name: a for a in self.attributes}
        for name, words in found.items():
            name = fold(name)
            if not name or len(name) > _MAX_WORD or self.has_trademark(name):
                continue
            attribute = attributes.get(name, Attribute(name=name, columns=(name,)))
            values = list(attribute.values)
            for word in words:
                known = any(fold(word) == fold(w) for v in values for w in v.words)
                if fold(word) and not known and len(word) <= _MAX_WORD and not self.has_trademark(word):
                    values.append(Value(name=fold(word)))
            attributes[name] = replace(attribute, values=tuple(values))
        return Schema(tuple(attributes.values()), self.trademarks)

    def merged(self, other: Schema) -> Schema:
        """This schema with the attributes and values that only `other` has, synonyms included."""
        attributes = {a.name: a for a in self.attributes}
        for theirs in other:
            mine = attributes.get(theirs.name, replace(theirs, values=()))
            new = tuple(v for v in theirs.values if v.name not in {own.name for own in mine.values})
            attributes[theirs.name] = replace(mine, values=mine.values + new) if new else mine
        return Schema(tuple(attributes.values()), self.trademarks)

    def restricted(self, kept: Mapping[str, Iterable[str]]) -> Schema:
        """This schema with only the values named in `kept`; attributes that are left empty stay, without values."""
        attributes = []
        for attribute in self.attributes:
            names = set(kept.get(attribute.name, ()))
            attributes.append(
                replace(attribute, values=tuple(v for v in attribute.values if v.name in names))
            )
        return Schema(tuple(attributes), self.trademarks)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for config.json; `from_dict` reads it back."""
        plain: dict[str, Any] = {"trademarks": list(self.trademarks)}
        for a in self.attributes:
            values = {v.name: {"zh": v.zh, "en": list(v.en), "cn": list(v.cn)} for v in a.values}
            plain[a.name] = {"zh": a.zh, "columns": list(a.columns), "titles": a.titles, "values": values}
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Schema:
        """Read what `to_dict` wrote, or the TOML file of the same form; an unknown key is a ConfigError."""
        attributes = []
        try:
            for name, entry in plain.items():
                if name == "trademarks":
                    continue
                values = tuple(
                    Value(
                        name=value,
                        zh=words.get("zh", ""),
                        en=tuple(words.get("en", ())),
                        cn=tuple(words.get("cn", ())),
                    )
                    for value, words in entry.get("values", {}).items()
                )
                unknown = set(entry) - {"zh", "columns", "titles", "values"}
                if unknown:
                    raise ConfigError(
                        f"The schema's attribute {name} has unknown keys {sorted(unknown)}; known are zh, columns, titles, values."
                    )
                attributes.append(
                    Attribute(
                        name=name,
                        zh=entry.get("zh", ""),
                        columns=tuple(entry.get("columns", ())),
                        titles=bool(entry.get("titles", False)),
                        values=values,
                    )
                )
        except (AttributeError, TypeError) as error:
            raise ConfigError("The schema is not a table of attributes.") from error
        return cls(tuple(attributes), tuple(plain.get("trademarks", ())))


@lru_cache(maxsize=1)
def default_schema() -> Schema:
    """The schema that ships with ecomgen (`default_schema.toml`)."""
    text = (Path(__file__).parent / "default_schema.toml").read_text(encoding="utf-8")
    return Schema.from_dict(tomllib.loads(text))
