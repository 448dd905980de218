"""The parts of the page that page.js draws, and the plain data that they are given.

gr.HTML evaluates its rendered template as a JavaScript template literal, so "${...}" in a prompt would run even with
Handlebars' escapes. Therefore no template holds a value: page.js puts every text in place through textContent.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from ecomgen.errors import EcomgenError
from ecomgen.schema import Schema
from ecomgen.services.records import Picture
from ecomgen.services.review import REASONS, Review, ReviewedPicture
from ecomgen.ui.words import EXAMPLES, THEMES, WORDS, labels, told, word

_HERE = Path(__file__).parent
_MARK = (
    '<svg class="eg-mark" viewBox="0 0 32 32" aria-hidden="true"><path d="M9 12V9.500a7 7 0 0 1 14 0V12"/>'
)
_MARK += '<rect x="4" y="10.500" width="24" height="18" rx="5"/><path class="eg-spark" d="M16 14l1.400 4.100L21.500 19.500l-4.100 1.400L16 25l-1.400-4.100-4.100-1.400 4.100-1.400z"/></svg>'


def head(schema: Schema) -> str:
    """What goes into the page's <head>: words, scripts and style. Values come from our own tables only."""
    words = json.dumps({"words": WORDS, "chinese": labels(schema)}, ensure_ascii=False).replace(
        "<", "\\u003c"
    )
    style = "\n".join(
        (_HERE / name).read_text(encoding="utf-8")
        for name in (
            "page.css",
            "gallery.css",
            "compare.css",
            "insight.css",
            "finetune.css",
            "finetune_set.css",
        )
    )
    scripts = (
        "page.js",
        "photo.js",
        "attributes.js",
        "cards.js",
        "judging.js",
        "viewer.js",
        "compare.js",
        "gallery.js",
        "insight.js",
        "finetune_upload.js",
        "finetune_set.js",
        "finetune_choose.js",
        "finetune_watch.js",
        "finetune_result.js",
        "finetune.js",
    )
    script = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in scripts)
    return (
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style><script>window.ecomgenWords = {words};\n{script}</script>"
    )


def _part(start: str, template: str = "", **options: Any) -> gr.HTML:
    """A gr.HTML that page.js takes over; the names of its events stand in `start`, where Gradio looks for them."""
    return gr.HTML(html_template=template, js_on_load=start, apply_default_css=False, **options)


def header() -> gr.HTML:
    """Name, language switch (event `language` with {language}), light or dark; value {language}."""
    languages = "".join(
        f'<button type="button" data-language="{code}" lang="{code}">{name}</button>'
        for code, name in (("en", "English"), ("zh", "中文"))
    )
    template = (
        f'<header class="eg-header"><div class="eg-brand">{_MARK}<h1>ecomgen</h1>'
        '<p data-word="tagline"></p></div>'
        f'<div class="eg-switch" role="group" data-word-label="language">{languages}</div>'
        '<button type="button" class="eg-icon-button" data-theme-toggle data-word-label="theme">'
        '<svg class="eg-icon" width="18" height="18" viewBox="0 0 24 24" aria-hidden="true">'
        '<circle cx="12" cy="12" r="8.500"/><path class="eg-filled" d="M12 3.500a8.500 8.500 0 0 1 0 17z"/></svg></button></header>'
    )
    return _part(
        "ecomgen.header(element, props, trigger, watch); // 'language'", template, elem_id="eg-header"
    )


def notice(elem_id: str) -> gr.HTML:
    """One calm sentence, or nothing; value {kind: "info"|"problem"|"busy", text}."""
    return _part("ecomgen.notice(element, props, watch);", elem_id=elem_id, value={})


def chips() -> gr.HTML:
    """One-click themes; event `pick` with {prompt}."""
    themes = json.dumps(THEMES, ensure_ascii=False)
    return _part(f"ecomgen.chips(element, trigger, {themes}); // 'pick'", elem_id="eg-themes")


def photo() -> gr.HTML:
    """A button that takes a photo, and what was read in it; events `read` ({photo: base64, turn}), `forget`, and `use` ({on}):
    whether its shape is to be used.

    value {turn, shown: {name: value}, note, value, again: reconstruction as a PNG in base64, unlike} or {turn, problem: sentence}; `turn` says which photo it answers.
    """
    return _part(
        "ecomgen.photo(element, props, trigger, watch); // 'read' 'forget' 'use'",
        elem_id="eg-photo",
        value={},
    )


def attributes(value: dict[str, Any]) -> gr.HTML:
    """A dropdown for each attribute; event `edit`.

    value {rows: [{name, value, state, options}], edits: {name: value}, photo: {name: {value, confidence}}, notes: [{en, zh}]}; with
    {replace: True} its edits and its photo are taken instead of those that the browser has; {of_photo} says that this
    answers a photo, in which nothing may have been recognised.
    """
    start = "ecomgen.attributes(element, props, trigger, watch); // 'edit'"
    return _part(start, elem_id="eg-attributes", value=value)


def cards(review: Review) -> gr.HTML:
    """Picture cards; events `more` ({id, change, other: the second picture of a mix or a strip}), `again` ({id}) and `pick` ({prompt}).

    value {runs: [...]} replaces everything, {run} adds or updates one run, {settled: True} ends what was cancelled.
    """

    def vote(given: Any) -> dict[str, Any]:
        return _vote(review, given)

    options = json.dumps({"reasons": REASONS, "examples": EXAMPLES}, ensure_ascii=False)
    start = f"ecomgen.cards(element, props, trigger, server, watch, {options}); // 'more' 'again' 'pick'"
    return _part(start, elem_id="eg-cards", value={}, server_functions=[vote])


def gallery() -> gr.HTML:
    """All kept pictures, to look at and to judge; it asks ui/review_api.py. value {visitor, turn}: a new turn reads again."""
    reasons = json.dumps(REASONS)
    return _part(f"ecomgen.gallery(element, props, watch, {reasons});", elem_id="eg-gallery", value={})


def insight() -> gr.HTML:
    """What reviewers think, in numbers; it asks ui/insight_api.py. value {turn}: a new turn reads again."""
    return _part("ecomgen.insight(element, props, watch);", elem_id="eg-insight", value={})


def finetune() -> gr.HTML:
    """From photos to a checkpoint of one's own; it asks ui/finetune_api.py. value {visitor, turn}: a new turn reads again."""
    return _part("ecomgen.finetune(element, props, watch);", elem_id="eg-finetune", value={})


def markup(template: str) -> gr.HTML:
    """Our own markup, with `data-word` where words go."""
    return _part("ecomgen.panel(element);", template)


def _vote(review: Review, given: Any) -> dict[str, Any]:
    """Store a vote sent by a browser, which may send anything; {"ok": True} or {"error": sentence}."""
    if not isinstance(given, Mapping):
        return {"error": ""}
    try:
        review.vote(
            given.get("id", ""),
            given.get("liked"),
            [given["reason"]] if given.get("reason") else [],
            visitor=given.get("visitor", ""),
            vote_id=given.get("vote_id"),
        )
    except EcomgenError as error:
        return {"error": str(error)}
    except Exception:
        logging.getLogger(__name__).exception("a vote failed")
        return {"error": ""}
    return {"ok": True}


def card(made: Picture) -> dict[str, Any]:
    """A picture as cards.js takes it; seeds as text, because a browser's numbers end at 2**53."""
    plain = {
        name: getattr(made, name)
        for name in (
            "id",
            "prompt",
            "attributes",
            "variation",
            "set_aside",
            "model",
            "model_hash",
            "origin",
            "candidates",
            "variety",
        )
    }
    plain |= {"seed": str(made.seed), "variation_seed": str(made.variation_seed), "psi": round(made.psi, 3)}
    plain["own"] = bool(made.latent)  # it comes from no seed
    return plain | {"command": made.command(), "liked": None, "reason": "", "file": True}


def kept_card(kept: ReviewedPicture) -> dict[str, Any]:
    """A recorded picture as cards.js takes it, with its vote."""
    recipe = {f.name: getattr(kept, f.name) for f in fields(Picture) if hasattr(kept, f.name)}
    made = Picture(image=Image.new("RGB", (1, 1)), **recipe)
    return card(made) | {
        "liked": kept.liked,
        "reason": next(iter(kept.reasons), ""),
        "file": kept.path is not None,
    }


def run(
    batch: str, made: Sequence[dict[str, Any]], prompt: str, edits: Mapping[str, str | None], pending: int = 0
) -> dict[str, Any]:
    """Pictures of one request, as page.js takes them; `pending` are still to come."""
    variation, origin = (made[-1]["variation"], made[-1]["origin"]) if made else (0, "")
    return {
        "id": batch,
        "prompt": prompt,
        "edits": dict(edits),
        "cards": list(made),
        "pending": pending,
        "variation": variation,
        "origin": origin,
    }


def runs(pictures: Sequence[ReviewedPicture]) -> list[dict[str, Any]]:
    """Recorded pictures, the newest batch first, as runs."""
    grouped = [list(group) for _, group in groupby(pictures, key=lambda p: p.batch)]
    return [run(g[0].batch, [kept_card(p) for p in g], g[0].prompt, edits_of(g[0])) for g in grouped]


def edits_of(picture: ReviewedPicture) -> dict[str, str | None]:
    """What the user had changed of what was read from the prompt."""
    read = {name: reading.get("value") for name, reading in picture.parsed.items()}
    return {name: value for name, value in picture.attributes.items() if value != read.get(name)}


def hint(error: EcomgenError, language: str) -> dict[str, str]:
    """A value for `notice`: why something was done in a plainer way than was asked for."""
    return {"kind": "hint", "text": told(error, language)}


def sentence(error: Exception, language: str) -> dict[str, str]:
    """A value for `notice`: the error's own sentence where it is meant for users, else one that gives nothing away."""
    if isinstance(error, EcomgenError):
        return {"kind": "problem", "text": told(error, language)}
    logging.getLogger(__name__).error("a request failed", exc_info=error)
    return {"kind": "problem", "text": word("unknown_fault", language)}
