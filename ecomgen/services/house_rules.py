"""The rules of the house: what they make of the attributes that are asked for, and the sentences that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecomgen.errors import PolicyRefusal
from ecomgen.schema import Attributes, default_schema, fold
from ecomgen.services.policy import Rule, Values

Note = tuple[str, str]
"""What a rule changed and why: in English, in Chinese."""


@dataclass(frozen=True)
class Ruled:
    """The attributes after the rules, what was changed, and of what is left open the values that may be drawn."""

    attributes: Attributes
    notes: tuple[Note, ...]
    open: Values


def apply_rules(rules: Sequence[Rule], wanted: Mapping[str, str | None], prompt: str) -> Ruled:
    """Each rule in turn, on what the ones before it left. Raises PolicyRefusal when a rule forbids the product itself."""
    attributes, notes, still_open = dict(wanted), [], {}
    for rule in rules:
        if not _acts(rule, attributes, prompt):
            continue
        changes = _changes(rule, attributes)
        if "category" in changes and changes["category"] is None:
            raise PolicyRefusal(*rule.say)
        for name, value in changes.items():
            notes.append(_note(rule, name, str(attributes[name]), value))
            attributes[name] = value
        still_open |= {name: values for name, values in rule.allow.items() if not attributes.get(name)}
    return Ruled(attributes, tuple(notes), still_open)


def _acts(rule: Rule, attributes: Mapping[str, str | None], prompt: str) -> bool:
    asked = all(attributes.get(name) in values for name, values in rule.when.items())
    return asked and (not rule.words or _says(prompt, rule.words))


def _says(prompt: str, words: Sequence[str]) -> bool:
    text = f" {''.join(c if c.isalnum() else ' ' for c in fold(prompt))} "
    return any(f" {fold(w)} " in " ".join(["", *text.split(), ""]) if w.isascii() else w in text for w in words)


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


def _note(rule: Rule, name: str, old: str, new: str | None) -> Note:
    en, zh = rule.say
    return (
        f"{en} So {_label(name, old, 'en')} became {_label(name, new, 'en')}.",
        f"{zh}因此“{_label(name, old, 'zh')}”已改为“{_label(name, new, 'zh')}”。",
    )


def _label(attribute: str, value: str | None, language: str) -> str:
    if value is None:
        return "未指定" if language == "zh" else "unspecified"
    schema = default_schema()
    found = schema[attribute].find(value) if attribute in schema else None
    return found.label(language) if found else value
