"""The Fine-tune tab: from uploaded photos to a new checkpoint. finetune.js draws it and asks finetune_api.py for everything."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from ecomgen.ui import cards
from ecomgen.ui.context import Visitor

_QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def finetune_tab(visitor: gr.BrowserState, tab: gr.Tab) -> None:
    """Lay out and wire the tab: it is read again whenever it is opened."""
    steps = cards.finetune()

    def opened(stored: Any) -> dict[str, Any]:
        return {"turn": time.time(), "visitor": Visitor.read(stored).id}

    tab.select(opened, visitor, steps, **_QUICK)
