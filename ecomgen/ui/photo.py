"""Start from a photo: what it shows fills in what the prompt leaves open, and its shape can be kept.

The browser shrinks the photo and sends it in the event itself: it is smaller than an upload, holds none of the place and time
that a phone writes into its files, and no file of it is ever made here.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.attributes import Reading
from ecomgen.services.control import Start
from ecomgen.services.recipes import Recipe
from ecomgen.ui import cards
from ecomgen.ui.context import Services, Visitor
from ecomgen.ui.understanding import edits_in, known_values, panel, read_prompt

_QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class Shape:
    """A photo in the space of one checkpoint, and whether pictures are to keep its shape."""

    recipe: Recipe
    model: str
    on: bool = False


def photo_start(
    services: Services,
    part: gr.HTML,
    prompt: gr.Textbox,
    attributes: gr.HTML,
    model: gr.Dropdown,
    who: Any,
    shape: gr.State,
) -> None:
    """Wire `part` (from `cards.photo`): a photo sets the panel, `shape`, and the prompt where that is about another product."""

    def read(prompt: str, current: Any, model: str, stored: Any, event: gr.EventData) -> tuple[Any, ...]:
        told = event._data if isinstance(event._data, Mapping) else {}
        turn = told["turn"] if isinstance(told.get("turn"), int) else 0
        try:
            image = services.recognition.open(photo_bytes(told.get("photo")))
            readings = services.recognition.recognise(image)
        except Exception as error:
            line = cards.sentence(error, Visitor.read(stored).language)
            return gr.skip(), gr.skip(), {"turn": turn, "problem": line["text"]}, None
        seen = {name: reading for name, reading in readings.items() if reading.value}
        edits = edits_in(current)
        asked = _asked_product(services, prompt, edits)
        cannot = _cannot_make(services, seen, model)
        # A photo of another product than was asked for is a new start.
        replaced = bool(asked and not cannot and "category" in seen and seen["category"].value != asked)
        if replaced:
            prompt, edits = "", {}
        note, value = _note(seen, asked, cannot, replaced)
        shown = {name: reading.value for name, reading in seen.items()}
        start = None
        if services.generation.ready and not cannot:
            with suppress(EcomgenError):  # the same sentence follows when pictures are asked for
                start = services.control.photo(image, shown, model)
        return (
            prompt if replaced else gr.skip(),
            {**panel(services, prompt, edits, model, seen), "replace": True, "of_photo": True},
            {"turn": turn, "shown": shown, "note": note, "value": value, **_seen_again(start)},
            Shape(start.recipe, model) if start else None,
        )

    def forget(prompt: str, current: Any, model: str) -> tuple[Any, ...]:
        return {**panel(services, prompt, edits_in(current), model), "replace": True}, None

    def use(known: Shape | None, event: gr.EventData) -> Shape | None:
        told = event._data if isinstance(event._data, Mapping) else {}
        return replace(known, on=told.get("on") is True) if known else None

    part.read(read, [prompt, attributes, model, who], [prompt, attributes, part, shape], **_QUICK)
    part.forget(forget, [prompt, attributes, model], [attributes, shape], **_QUICK)
    part.use(use, shape, shape, **_QUICK)


def _seen_again(start: Start | None) -> dict[str, Any]:
    """The reconstruction as photo.js takes it."""
    if start is None:
        return {}
    buffer = io.BytesIO()
    start.image.save(buffer, "PNG")
    return {"again": base64.b64encode(buffer.getvalue()).decode(), "unlike": start.unlike}


def photo_bytes(text: Any) -> bytes:
    """The photo that came as base64, which may be anything. Raises InvalidRequest."""
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise InvalidRequest("The photo did not arrive whole; please try again.") from error


def _cannot_make(services: Services, seen: Mapping[str, Reading], model: str) -> str | None:
    """The product in the photo, when the checkpoint is known not to make it."""
    known, category = known_values(services, model), seen.get("category")
    if known is None or category is None or category.value in known.get("category", ()):
        return None
    return category.value


def _asked_product(services: Services, prompt: str, edits: Mapping[str, str | None]) -> str | None:
    """The product that the user chose or the prompt names."""
    reading = read_prompt(services, prompt).get("category")
    return edits.get("category") or (reading.value if reading else None)


def _note(
    seen: Mapping[str, Reading], asked: str | None, cannot: str | None, replaced: bool
) -> tuple[str, str | None]:
    """The one sentence that goes with what was seen: its key among the words, and the value that it names."""
    if not seen:
        return "photo_nothing", None
    if cannot:
        return "photo_rest" if asked else "photo_cannot", cannot
    if "category" not in seen and not asked:
        return "photo_no_product", None
    return "photo_replaced" if replaced else "photo_wins", None
