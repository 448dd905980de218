"""The Review tab: the gallery of all kept pictures. gallery.js lays it out and asks review_api.py for everything."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr
from gradio.events import Dependency

from ecomgen.ui import cards
from ecomgen.ui.context import Visitor

_QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def review_tab(visitor: gr.BrowserState, tab: gr.Tab, arrived: Dependency) -> None:
    """Lay out and wire the tab. `arrived` is the event after which `visitor` is known."""
    gallery = cards.gallery()

    def told(stored: Any) -> dict[str, Any]:
        return {"visitor": Visitor.read(stored).id, "turn": time.time()}

    for event in (arrived.then, tab.select):
        event(told, visitor, gallery, **_QUICK)
