"""The operator's policy, from a TOML file: words and brands that must not be asked for, and the rules of the house."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ecomgen.errors import ConfigError, InvalidRequest
from ecomgen.schema import Schema, default_schema
from ecomgen.settings import Settings

_BUNDLED = Path(__file__).parents[1] / "default_policy.toml"

Values = Mapping[str, tuple[str, ...]]
"""Attribute -> values, by the names of the schema."""


@dataclass(frozen=True)
class Topic:
    """Words that must not be asked for, and what the topic is called: in English, in Chinese."""

    label: tuple[str, str]
    terms: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Rule:
    """A rule of the house: when the attributes or words of `when` are asked for, values are taken out, replaced, or only some allowed."""

    name: str
    say: tuple[str, str]
    when: Values
    words: tuple[str, ...]
    forbid: Values
    replace: Mapping[str, Mapping[str, str]]
    allow: Values


@dataclass(frozen=True)
class Policy:
    """All that the file says."""

    topics: tuple[Topic, ...]
    brands: Topic
    allowed: tuple[str, ...] = field(repr=False)
    rules: tuple[Rule, ...]


def policy_file(settings: Settings) -> Path:
    """The file that the settings name, or the bundled one."""
    return settings.policy or _BUNDLED


@lru_cache(maxsize=8)
def read_policy(path: Path) -> Policy:
    """The policy of a file, read once. Raises ConfigError with one sentence that names what is wrong."""
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The policy file {path} cannot be read.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The policy file {path} is not TOML: {error}.") from error
    try:
        return _policy(plain, default_schema())
    except (ConfigError, InvalidRequest) as error:
        raise ConfigError(f"The policy file {path} is not usable: {error}") from error


def _policy(plain: Mapping[str, Any], schema: Schema) -> Policy:
    _known("the file", plain, ("allowed", "words", "brands", "rules"))
    topics = []
    for name, entry in _table("words", plain.get("words", {})).items():
        where = f"words.{name}"
        _known(where, _table(where, entry), ("label", "en", "zh"))
        terms = (*_texts(where, entry.get("en", [])), *_texts(where, entry.get("zh", [])))
        topics.append(Topic(_two(where, entry.get("label", [name, name])), terms))
    brands = _table("brands", plain.get("brands", {}))
    _known("brands", brands, ("label", "names"))
    rules = plain.get("rules", [])
    if not isinstance(rules, list):
        raise ConfigError("rules are written as [[rules]].")
    return Policy(
        topics=tuple(topics),
        brands=Topic(
            _two("brands", brands.get("label", ["other firms' brands", "他人品牌"])),
            _texts("brands", brands.get("names", [])),
        ),
        allowed=_texts("allowed", plain.get("allowed", [])),
        rules=tuple(_rule(i, entry, schema) for i, entry in enumerate(rules, start=1)),
    )


def _rule(number: int, entry: Any, schema: Schema) -> Rule:
    where = f"rule {number}"
    _known(where, _table(where, entry), ("name", "when", "forbid", "replace", "allow", "say"))
    if not any(entry.get(key) for key in ("forbid", "replace", "allow")):
        raise ConfigError(f"{where} has to forbid, replace or allow something.")
    when = dict(_table(where, entry.get("when", {})))
    words = _texts(where, when.pop("words", []))
    replace = {
        attribute: {
            _value(schema, attribute, old): _value(schema, attribute, new)
            for old, new in _table(where, changes).items()
        }
        for attribute, changes in _table(where, entry.get("replace", {})).items()
    }
    return Rule(
        name=str(entry.get("name", where)),
        say=_two(where, entry.get("say")),
        when=_values(where, when, schema),
        words=words,
        forbid=_values(where, entry.get("forbid", {}), schema),
        replace=replace,
        allow=_values(where, entry.get("allow", {}), schema),
    )


def _values(where: str, plain: Any, schema: Schema) -> Values:
    return {
        name: tuple(_value(schema, name, word) for word in _texts(where, words))
        for name, words in _table(where, plain).items()
    }


def _value(schema: Schema, attribute: str, word: Any) -> str:
    found = schema.resolve({attribute: word if isinstance(word, str) else ""})[attribute]
    if found is None:
        raise ConfigError(f"{attribute} needs a value in each place.")
    return found


def _table(where: str, plain: Any) -> Mapping[str, Any]:
    if not isinstance(plain, Mapping):
        raise ConfigError(f"{where} has to be a table.")
    return plain


def _texts(where: str, plain: Any) -> tuple[str, ...]:
    if not isinstance(plain, list) or not all(isinstance(t, str) and t.strip() for t in plain):
        raise ConfigError(f"{where} has to list texts in quotation marks.")
    return tuple(plain)


def _two(where: str, plain: Any) -> tuple[str, str]:
    texts: Sequence[str] = _texts(where, plain)
    if len(texts) != 2:
        raise ConfigError(f"{where} needs two texts, one in English and one in Chinese.")
    return texts[0], texts[1]


def _known(where: str, plain: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    unknown = sorted(set(plain) - set(keys))
    if unknown:
        raise ConfigError(f"{where} has unknown keys {unknown}; known are {', '.join(keys)}.")
