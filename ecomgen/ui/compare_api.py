"""What compare.js asks the server for: pairs, answers and win rates. As in review_api.py, anyone may send anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from ecomgen.services.comparing import Comparing, Pair
from ecomgen.ui.answers import answered, language_of, sent
from ecomgen.ui.context import Services


def add_compare(server: FastAPI, services: Services) -> None:
    """Add what is compared and answered below /review."""
    comparing, routes = services.comparing, APIRouter()

    @routes.get("/review/winrates")
    def winrates(request: Request) -> Response:
        return answered(
            lambda: {"rates": [asdict(one) for one in comparing.win_rates()]}, language_of(request)
        )

    @routes.get("/review/checkpoints")
    def checkpoints(request: Request) -> Response:
        def listed() -> dict[str, Any]:
            # Waits for the networks' code right after a start, rather than telling that there is no checkpoint.
            usable = [m for m in services.generation.models() if m.problem is None]
            return {"checkpoints": [{"name": m.name, "title": m.title or m.name} for m in usable]}

        return answered(listed, language_of(request))

    @routes.post("/review/pair")
    async def pair(request: Request) -> Response:
        given = await sent(request)
        return await run_in_threadpool(answered, lambda: _pair(comparing, given), language_of(request))

    @routes.post("/review/duel")
    async def duel(request: Request) -> Response:
        given, language = await sent(request), language_of(request)
        return await run_in_threadpool(answered, lambda: _duel(comparing, given, language), language)

    @routes.post("/review/comparison")
    async def judge(request: Request) -> Response:
        given = await sent(request)
        return await run_in_threadpool(answered, lambda: _judge(comparing, given), language_of(request))

    @routes.post("/review/comparison/undo")
    async def undo(request: Request) -> Response:
        given = await sent(request)
        return await run_in_threadpool(answered, lambda: _undo(comparing, given), language_of(request))

    server.include_router(routes)


def _pair(comparing: Comparing, given: Mapping[str, Any]) -> dict[str, Any]:
    found = comparing.pair(given.get("visitor", ""), given.get("pictures", ()))
    return {"pair": _shown(found) if found else None}


def _duel(comparing: Comparing, given: Mapping[str, Any], language: str) -> dict[str, Any]:
    names = (given.get("first", ""), given.get("second", ""))
    return {
        "pair": _shown(
            comparing.duel(*names, given.get("prompt", ""), None, given.get("visitor", ""), language)
        )
    }


def _shown(pair: Pair) -> dict[str, dict[str, str]]:
    """A pair as compare.js takes it."""
    return {
        "left": {"id": pair.left, "prompt": pair.left_prompt},
        "right": {"id": pair.right, "prompt": pair.right_prompt},
    }


def _judge(comparing: Comparing, given: Mapping[str, Any]) -> dict[str, str]:
    revealed = comparing.judge(
        given.get("id", ""),
        given.get("left", ""),
        given.get("right", ""),
        given.get("winner", ""),
        given.get("visitor", ""),
        given.get("reviewer", ""),
    )
    return asdict(revealed)


def _undo(comparing: Comparing, given: Mapping[str, Any]) -> dict[str, bool]:
    return {"undone": comparing.undo(given.get("id", ""), given.get("visitor", ""))}
