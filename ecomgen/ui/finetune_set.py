"""Step 1 of the Fine-tune tab: what was found in an uploaded set, as finetune_upload.js takes it, and its clean-up wishes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ecomgen.data.cleaning import Cleaning
from ecomgen.services.checked import Checked
from ecomgen.services.uploaded_sets import Underway
from ecomgen.ui.words import LANGUAGES, translated

FIRST = ("category", "colour")
"""The attributes that can always be changed photo by photo; others where the set has them."""

CLEANINGS = ("trim", "pad", "white_background", "denoise")


def read_cleaning(given: Any) -> Cleaning:
    """From the names of what is wished for, which may be anything; what is not known is left out."""
    wished = {name for name in given if isinstance(name, str)} if isinstance(given, list) else set()
    return Cleaning(**{name: name in wished for name in CLEANINGS})


def told(underway: Underway, language: str) -> dict[str, Any]:
    """How far the server is."""
    return {"underway": {"what": translated(underway.what, language), "share": underway.share}}


def described(checked: Checked) -> dict[str, Any]:
    """What the page shows of a set, sentences in every language; an attribute's values are there for being chosen."""
    counts = checked.counts()
    names = list(dict.fromkeys((*FIRST, *counts)))
    return {
        "counts": {name: list(counts[name].items()) for name in names if name in counts},
        "values": {name: [value.name for value in checked.schema[name].values] for name in names},
        "sizes": asdict(checked.sizes),
        "notes": [_said(note) for note in checked.notes],
        "refused": [{"name": each.name, "reason": _said(each.reason)} for each in checked.refused],
        "products": [
            {
                "name": p.name,
                "size": [p.width, p.height],
                "attributes": {name: p.attributes.get(name) or "" for name in names},
                "guessed": list(p.guessed),
                "faults": [asdict(fault) for fault in p.faults],
            }
            for p in checked.products
        ],
    }


def _said(sentence: str) -> dict[str, str]:
    return {language: translated(sentence, language) for language in LANGUAGES}
