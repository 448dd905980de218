"""What a share link, a kept picture or a typed seed put into the fields of Create."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

import gradio as gr

from ecomgen.errors import InvalidRequest
from ecomgen.ui.context import Services
from ecomgen.ui.understanding import Edits, kept_edits, panel, usable_models
from ecomgen.ui.words import word

LINKED = ("prompt", "count", "seed", "psi", "model")
"""What a share link says, besides set=attribute=value."""

_MOST_SEED = 2**63 - 1


def roll() -> int:
    """A seed by chance, short enough to read out; the service takes any up to 2**63."""
    return secrets.randbelow(10**6)


def seed_in(text: str, language: str) -> int:
    """The seed that was typed; InvalidRequest, in the visitor's language, when it is none."""
    if not re.fullmatch(r"\s*[0-9]{1,19}\s*", text) or int(text) > _MOST_SEED:
        raise InvalidRequest(word("bad_seed", language, most=_MOST_SEED))
    return int(text)


def model_choice(services: Services, chosen: str) -> Any:
    """The choice of checkpoints, once they can be listed."""
    names = [(f"{m.title or m.name} · {m.size} px", m.name) for m in usable_models(services)]
    return gr.Dropdown(choices=names, value=chosen) if names else gr.skip()


def restored_fields(services: Services, wanted: Mapping[str, str], edits: Edits) -> list[Any]:
    """Values for prompt, attributes, count, seed, lock, psi and model; what is missing or wrong stays as it is."""

    def number(key: str, least: float, most: float) -> Any:
        try:
            value = float(wanted[key])
        except (KeyError, ValueError):
            return gr.skip()
        return value if least <= value <= most else gr.skip()

    prompt, seed = wanted.get("prompt", ""), wanted.get("seed", "")
    models = [m.name for m in usable_models(services)]
    model = wanted.get("model", "") if wanted.get("model") in models else services.settings.model
    seeded = bool(re.fullmatch("[0-9]{1,19}", seed))
    understood = panel(services, prompt, kept_edits(services, edits, model), model)
    return [
        prompt or gr.skip(),
        # A plain visit restores nothing, and must not undo what was chosen while the page was still opening.
        {**understood, "replace": True} if wanted or edits else understood,
        number("count", 1, services.settings.max_count),
        seed if seeded else str(roll()),
        seeded,
        number("psi", 0, 1),
        model_choice(services, model),
    ]
