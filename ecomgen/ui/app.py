"""The page and the server around it."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from ecomgen.errors import EcomgenError
from ecomgen.schema import default_schema
from ecomgen.settings import Settings
from ecomgen.ui import api, cards
from ecomgen.ui.body_limit import BodyLimit
from ecomgen.ui.compare_api import add_compare
from ecomgen.ui.context import Services, Visitor
from ecomgen.ui.create_tab import create_tab
from ecomgen.ui.finetune_api import add_finetune
from ecomgen.ui.finetune_tab import finetune_tab
from ecomgen.ui.insight_api import add_insight
from ecomgen.ui.insight_tab import insight_tab
from ecomgen.ui.review_api import add_review
from ecomgen.ui.review_tab import review_tab
from ecomgen.ui.theme import theme
from ecomgen.ui.words import preferred_language, word

_QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def build_page(services: Services) -> gr.Blocks:
    """All tabs, and what goes across them: who is asking, and in which language."""
    with gr.Blocks(title=word("title", "en"), analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        # Fixed names, or the browser's memory would end with every restart; it holds no secret.
        visitor = gr.BrowserState({}, storage_key="ecomgen-visitor", secret="ecomgen")
        header = cards.header()

        def greet(stored: Any, http: gr.Request) -> dict[str, str]:
            asked = http.query_params.get("lang") or http.headers.get("accept-language", "")
            return Visitor.greet(stored, preferred_language(asked)).stored()

        def switch(stored: Any, event: gr.EventData) -> dict[str, str]:
            told = event._data if isinstance(event._data, dict) else {}
            return Visitor.read({**Visitor.read(stored).stored(), "language": told.get("language")}).stored()

        arrived = page.load(greet, visitor, visitor, **_QUICK)
        switched = header.language(switch, visitor, visitor, **_QUICK)
        with gr.Tabs(elem_id="eg-tabs"):
            with gr.Tab(word("create", "en"), id="create") as first:
                labels = create_tab(services, visitor, arrived)
            with gr.Tab(word("review", "en"), id="review") as second:
                review_tab(visitor, second, arrived)
            with gr.Tab(word("insight", "en"), id="insight") as third:
                insight_tab(third)
            with gr.Tab(word("finetune", "en"), id="finetune") as fourth:
                finetune_tab(visitor, fourth)
        tabs = {first: "create", second: "review", third: "insight", fourth: "finetune"}
        labels |= {tab: {"label": key} for tab, key in tabs.items()}
        for block, words in labels.items():
            for name, key in words.items():
                setattr(block, name, word(key, "en"))

        def translate(who: Any) -> list[Any]:
            language = Visitor.read(who).language
            texts: list[dict[str, Any]] = [
                {name: word(key, language) for name, key in words.items()} for words in labels.values()
            ]
            return [{"language": language}, *[gr.update(**text) for text in texts]]

        for event in (arrived, switched):
            event.then(translate, visitor, [header, *labels], **_QUICK)
        api.endpoints(services)
    return page


def build_server(services: Services) -> FastAPI:
    """The page at /, the pictures' files, and /healthz; the checkpoint loads in the background."""
    pictures = (services.settings.home / "pictures").resolve()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.generation.warm_up()
        services.jobs.watch()
        threading.Thread(target=_sweep, args=(services,), daemon=True).start()
        yield
        services.jobs.close()

    server = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    server.add_middleware(BodyLimit)

    @server.get("/healthz")
    def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok", "ready": services.generation.ready})

    add_review(server, services)
    add_insight(server, services)
    add_compare(server, services)
    add_finetune(server, services)

    return gr.mount_gradio_app(
        server,
        build_page(services),
        path="/",
        allowed_paths=[str(pictures)],
        favicon_path=str(Path(__file__).parent / "icon.png"),
        show_error=False,
        max_file_size="1mb",
        ssr_mode=False,
        enable_monitoring=False,
        run_history=False,
        footer_links=[],
        theme=theme(),
        head=cards.head(default_schema()),
    )


def _sweep(services: Services) -> None:
    try:
        services.tuning.sweep()
    except EcomgenError as error:
        logging.getLogger(__name__).warning("Old uploads could not be removed: %s", error)


def serve(settings: Settings) -> None:
    """Run the app until it is stopped."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    server = build_server(Services.build(settings))
    address = f"http://{'localhost' if settings.host in ('127.0.0.1', '0.0.0.0') else settings.host}:{settings.port}"
    print(f"ecomgen is at {address}", flush=True)
    # An open page holds a connection for ever, so a stop waits for it no longer than this.
    options: dict[str, Any] = {"log_level": "warning", "ws": "none", "timeout_graceful_shutdown": 2}
    uvicorn.run(server, host=settings.host, port=settings.port, **options)
