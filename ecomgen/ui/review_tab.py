"""The Review tab: every kept picture with its vote, newest first."""

from __future__ import annotations

from typing import Any, get_args

import gradio as gr
from gradio.events import Dependency

from ecomgen.data.store import Filter, Rated
from ecomgen.ui import cards
from ecomgen.ui.context import Services, Visitor
from ecomgen.ui.create_tab import Labels
from ecomgen.ui.words import word

_PAGE = 24
_MOST = 200
_QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def review_tab(services: Services, visitor: gr.BrowserState, tab: gr.Tab, switched: Dependency) -> Labels:
    """Lay out and wire the tab. `switched` is the event after which the visitor's language is another."""
    review = services.review

    with gr.Column(elem_id="eg-review"):
        with gr.Row(elem_id="eg-review-head"):
            rated = gr.Radio(_choices({}, "en"), value="all", elem_id="eg-filter", container=False)
        notice = cards.notice("eg-review-notice")
        pictures = cards.cards(review, listing=True)
        further = gr.Button(elem_id="eg-further", visible=False)
    length = gr.State(_PAGE)

    def listed(rated: str, length: int, who: Any) -> tuple[Any, ...]:
        speaker = Visitor.read(who)
        try:
            counts = review.counts()
            found = review.page(Filter(rated=rated), limit=min(length, _MOST)).pictures  # type: ignore[arg-type]
        except Exception as error:
            return gr.skip(), gr.skip(), cards.sentence(error, speaker.language), gr.skip()
        run = [cards.run("all", [cards.kept_card(p) for p in found], "", {})] if found else []
        value = {"visitor": speaker.id, "rated": rated, "runs": run}
        choices = gr.Radio(choices=_choices(counts, speaker.language))
        return choices, value, {}, gr.Button(visible=len(found) < min(counts[rated], _MOST))  # type: ignore[index]

    listing: dict[str, Any] = {
        "fn": listed,
        "inputs": [rated, length, visitor],
        "outputs": [rated, pictures, notice, further],
        **_QUICK,
    }
    tab.select(**listing)
    rated.input(lambda: _PAGE, None, length, **_QUICK).then(**listing)
    further.click(lambda length: length + _PAGE, length, length, **_QUICK).then(**listing)
    switched.then(**listing)
    return {further: {"value": "show_more"}}


def _choices(counts: dict[Rated, int], language: str) -> list[tuple[str, str]]:
    """The filters, each with how many pictures it shows."""
    return [(f"{word(r, language)} {counts[r]}" if counts else word(r, language), r) for r in get_args(Rated)]
