"""The rules of the house: what they make of the attributes that are asked for, and the sentences that say so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecomgen.errors import PolicyRefusal
from ecomgen.schema import Attributes, default_schema, fold
from ecomgen.services.policy import Rule, Values


@dataclass(frozen=True)
class Note:
    """What a rule changed: the attribute, its value before and after (None: unspecified), and the rule's sentence in English and
    Chinese."""

    attribute: str
    old: str
    new: str | None
    why: tuple[str, str]

    @property
    def en(self) -> str:
        """The rule and the change, in a line of English."""
        return f"{self.why[0]} {_label(self, self.old, 'en')} → {_label(self, self.new, 'en')}."

    @property
    def zh(self) -> str:
        """The same in Chinese."""
        return f"{self.why[1]}{_label(self, self.old, 'zh')} → {_label(self, self.new, 'zh')}。"


@dataclass(frozen=True)
class Ruled:
    """The attributes after the rules, what was changed, and of what is left open the values that may be drawn."""

    attributes: Attributes
    notes: tuple[Note, ...]
    open: Values


def apply_rules(rules: Sequence[Rule], wanted: Mapping[str, str | None], prompt: str) -> Ruled:
    """Each rule in turn, on what the ones before it left. Raises PolicyRefusal when a rule forbids the product itself."""
    attributes: Attributes = dict(wanted)
    notes: list[Note] = []
    still_open: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        if not _acts(rule, attributes, prompt):
            continue
        changes = _changes(rule, attributes)
        if "category" in changes and changes["category"] is None:
            raise PolicyRefusal(*rule.say)
        for name, value in changes.items():
            notes.append(Note(name, str(attributes[name]), value, rule.say))
            attributes[name] = value
        still_open |= {name: values for name, values in rule.allow.items() if not attributes.get(name)}
    return Ruled(attributes, tuple(notes), still_open)


def _acts(rule: Rule, attributes: Mapping[str, str | None], prompt: str) -> bool:
    asked = all(attributes.get(name) in values for name, values in rule.when.items())
    return asked and (not rule.words or _says(prompt, rule.words))


def _says(prompt: str, words: Sequence[str]) -> bool:
    text = " ".join(["", *re.findall(r"\w+", fold(prompt)), ""])
    return any(f" {fold(word)} " in text if word.isascii() else word in text for word in words)


def _changes(rule: Rule, attributes: Mapping[str, str | None]) -> Attributes:
    """Attribute -> what the rule makes of it; None takes it out."""
    changes: Attributes = {}
    for name, value in attributes.items():
        if value is None:
            continue
        if value in rule.replace.get(name, {}):
            changes[name] = rule.replace[name][value]
        elif value in rule.forbid.get(name, ()):
            changes[name] = None
        elif name in rule.allow and value not in rule.allow[name]:
            changes[name] = rule.allow[name][0]
    return changes


def _label(note: Note, value: str | None, language: str) -> str:
    if value is None:
        return "未指定" if language == "zh" else "unspecified"
    schema = default_schema()
    found = schema[note.attribute].find(value) if note.attribute in schema else None
    return found.label(language) if found else value
