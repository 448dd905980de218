"""The Insight tab: what reviewers think, in numbers. insight.js draws it and asks insight_api.py for everything."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from ecomgen.ui import cards

_QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def insight_tab(tab: gr.Tab) -> None:
    """Lay out and wire the tab: its numbers are read again whenever it is opened."""
    dashboard = cards.insight()
    tab.select(lambda: {"turn": time.time()}, None, dashboard, **_QUICK)
