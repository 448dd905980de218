"""What a visitor may send to the review desk: each check returns the value as it is kept, or raises InvalidRequest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from ecomgen.data.store import Filter, Rated
from ecomgen.errors import InvalidRequest

MAX_NAME = 60
"""Longest name, tag or attribute, in characters."""

_MAX_SEARCH = 500
_ID = re.compile(r"[0-9a-f]{32}")


def checked_id(what: str, value: object) -> str:
    """32 hexadecimal digits."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidRequest(f"A {what} id is 32 hexadecimal digits.")
    return value


def checked_text(what: str, value: object, longest: int) -> str:
    """Clean text of at most so many characters."""
    if not isinstance(value, str):
        raise InvalidRequest(f"The {what} must be text.")
    value = clean(value)
    if len(value) > longest:
        raise InvalidRequest(f"The {what} is longer than {longest:,} characters.")
    return value


def clean(text: str) -> str:
    """Without control characters and lone surrogates, which databases refuse; line breaks stay."""
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


def checked_name(what: str, value: object) -> str:
    """A short text on one line."""
    return " ".join(checked_text(what, value, MAX_NAME).split())


def checked_filter(wanted: Filter) -> Filter:
    """A filter that may have come from anywhere."""
    if wanted.rated not in get_args(Rated):
        raise InvalidRequest(f"Pictures are listed by one of: {', '.join(get_args(Rated))}.")
    texts = {
        name: checked_text(name, getattr(wanted, name), _MAX_SEARCH)
        for name in ("search", "model", "reviewer", "tag")
    }
    if wanted.shortlist:
        checked_id("shortlist", wanted.shortlist)
    chosen = {
        checked_text("attribute", k, MAX_NAME): checked_text(k, v, MAX_NAME)
        for k, v in wanted.attributes.items()
    }
    if len(chosen) > MAX_NAME:
        raise InvalidRequest("Please filter by fewer attributes.")
    return replace(wanted, attributes=chosen, **texts)  # type: ignore[arg-type]


def checked_reasons(given: object, known: Sequence[str]) -> tuple[str, ...]:
    """Those of the known reasons that are given, in their usual order."""
    named = list(given) if isinstance(given, list | tuple) else [None]
    if not all(isinstance(reason, str) and reason in known for reason in named):
        raise InvalidRequest(f"The reasons are of: {', '.join(known)}.")
    return tuple(reason for reason in known if reason in named)
