"""What the attributes panel shows: what the prompt says, what the user chose instead, what the checkpoint knows."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ecomgen.errors import CheckpointError, EcomgenError, InvalidRequest, PolicyRefusal
from ecomgen.schema import Schema, default_schema
from ecomgen.services.attributes import Reading
from ecomgen.services.checkpoints import ModelSummary
from ecomgen.ui.context import Services
from ecomgen.ui.words import word

UNSURE = 0.6
"""A reading with less confidence than this is marked."""

Edits = Mapping[str, str | None]
"""What the user chose, by attribute; None is "unspecified", whatever the prompt says."""


def edits_in(panel: Any) -> dict[str, str | None]:
    """The user's edits in the panel's value, which the browser sent; the services check names and values."""
    edits = panel.get("edits") if isinstance(panel, Mapping) else None
    if not isinstance(edits, Mapping):
        return {}
    return {str(n)[:100]: None if v is None else str(v)[:100] for n, v in list(edits.items())[:100]}


Photo = Mapping[str, Reading]
"""What was recognised in the visitor's photo, by attribute: it fills what the prompt and the user leave open."""


def photo_in(panel: Any) -> dict[str, Reading]:
    """What the photo showed, in the panel's value, which the browser sent; the services check names and values."""
    photo = panel.get("photo") if isinstance(panel, Mapping) else None
    if not isinstance(photo, Mapping):
        return {}
    found = {}
    for name, seen in list(photo.items())[:100]:
        value, confidence = (
            (seen.get("value"), seen.get("confidence")) if isinstance(seen, Mapping) else (None, 0)
        )
        if isinstance(value, str) and isinstance(confidence, int | float):
            found[str(name)[:100]] = Reading(value[:100], float(confidence))
    return found


def read_prompt(services: Services, prompt: str) -> dict[str, Reading]:
    """What the prompt says; nothing while the text encoder is still loading, or when it cannot be read."""
    if services.generation.ready and prompt.strip():
        with suppress(EcomgenError):  # the same sentence follows when pictures are asked for
            return services.generation.understand(prompt)
    return {}


def beyond_prompt(services: Services, prompt: str, edits: Edits, photo: Photo) -> dict[str, str | None]:
    """What is asked for besides the prompt: the user's choices, and what only the photo says."""
    said = {name for name, reading in read_prompt(services, prompt).items() if reading.value}
    known = default_schema()
    shown = {n: r.value for n, r in photo.items() if n in known and r.value and known[n].find(r.value)}
    return {**{n: value for n, value in shown.items() if n not in said}, **edits}


def usable_models(services: Services) -> list[ModelSummary]:
    """The checkpoints that can be chosen; none while the networks' code is still being loaded."""
    return [m for m in services.generation.models() if m.problem is None] if services.generation.ready else []


def known_values(services: Services, model: str) -> Mapping[str, tuple[str, ...]] | None:
    """Attribute -> values that the checkpoint learnt; None while that is not known (yet)."""
    return next((m.attributes for m in usable_models(services) if m.name == model), None)


def schema_of(services: Services, model: str) -> Schema:
    """The checkpoint's schema; the default one while it cannot be read."""
    try:
        return services.generation.schema(model) if services.generation.ready else default_schema()
    except EcomgenError:
        return default_schema()


def panel(
    services: Services, prompt: str, edits: Edits, model: str, photo: Photo | None = None
) -> dict[str, Any]:
    """The panel's value: a row for each attribute, marked where it is unsure, edited, of a photo, or of no use.

    What rules of the house change is marked, too, and `notes` say why, in both languages.
    """
    photo = photo or {}
    said = {n: r for n, r in read_prompt(services, prompt).items() if r.value}
    known = known_values(services, model)
    wanted = {**{n: r.value for n, r in photo.items()}, **{n: r.value for n, r in said.items()}, **edits}
    ruled, notes = _ruled(services, wanted, prompt)
    rows = []
    for attribute in schema_of(services, model):
        name = attribute.name
        values = attribute.values or (default_schema()[name].values if name in default_schema() else ())
        every = tuple(value.name for value in values)
        learnt = every if known is None else known.get(name, ())
        reading = said.get(name) or photo.get(name)
        value = ruled.get(name, edits.get(name, reading and reading.value))
        state = ""
        if value and value not in learnt:
            state = "not_known" if name == "category" else "no_effect"
        elif name in ruled:
            state = "ruled"
        elif name in edits:
            state = "edited"
        elif value and reading and reading.confidence < UNSURE:
            state = "unsure"
        elif value and name in photo and name not in said:
            state = "of_photo"
        rows.append({"name": name, "value": value, "state": state, "options": learnt or every})
    seen = {name: {"value": r.value, "confidence": r.confidence} for name, r in photo.items()}
    return {"prompt": prompt, "rows": rows, "edits": dict(edits), "photo": seen, "notes": notes}


def _ruled(
    services: Services, wanted: Mapping[str, str | None], prompt: str
) -> tuple[dict[str, str | None], list[dict[str, str]]]:
    """What the rules of the house change of what is wanted, and the sentences that say so."""
    try:
        notes = services.generation.ruled(wanted, prompt).notes
    except PolicyRefusal as refusal:
        return {}, [{"en": str(refusal), "zh": refusal.chinese}]
    return {note.attribute: note.new for note in notes}, [{"en": note.en, "zh": note.zh} for note in notes]


def checked(services: Services, prompt: str, edits: Edits, model: str, language: str) -> str:
    """The prompt, when pictures can be made of it; raises what is commonly wrong in the visitor's language.

    The services check all else, in English. Waits for nothing: what is not loaded yet is not checked here.
    """
    longest = services.settings.max_prompt_length
    if len(prompt) > longest:
        raise InvalidRequest(word("too_long", language, most=longest))
    if not prompt.strip() and not any(edits.values()):
        raise InvalidRequest(word("empty_prompt", language))
    known = known_values(services, model)
    row = next((r for r in panel(services, prompt, edits, model)["rows"] if r["name"] == "category"), None)
    if known is not None and row and row["state"] == "not_known":
        category = schema_of(services, model)["category"]
        named = [
            value.label(language) for value in category.values if value.name in known.get("category", ())
        ]
        wanted = category.find(row["value"]) or default_schema()["category"].find(row["value"])
        shown = wanted.label(language) if wanted else row["value"]
        known_names = ("、" if language == "zh" else ", ").join(named)
        raise InvalidRequest(word("no_category", language, value=shown, known=known_names))
    return prompt


def kept_edits(services: Services, edits: Edits, model: str) -> dict[str, str | None]:
    """Those edits (of a share link) that the schema knows, with synonyms resolved; the others are dropped."""
    kept: dict[str, str | None] = {}
    for name, value in edits.items():
        try:
            kept |= schema_of(services, model).resolve({name: value})
        except EcomgenError:
            continue
    return kept


def check_model(services: Services) -> None:
    """Raise CheckpointError when the default checkpoint cannot be used."""
    default = services.settings.model
    services.generation.schema(default)
    problem = next((m.problem for m in services.generation.models() if m.name == default), None)
    if problem:
        raise CheckpointError(f"The checkpoint “{default}” cannot be used: {problem}")
