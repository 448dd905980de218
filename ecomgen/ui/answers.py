"""How the page's own requests are read and answered: JSON in, JSON or one sentence out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.ui.words import preferred_language, told, word

NEVER = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Headers of an answer that no browser may keep."""


async def sent(request: Request) -> Mapping[str, Any]:
    """The request's JSON object. Another site's form can send text, but not say that it is JSON."""
    try:
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            raise ValueError
        given = await request.json()
    except (ValueError, RecursionError):
        given = None
    return given if isinstance(given, Mapping) else {}


def answered(answer: Callable[[], Any], language: str) -> Response:
    """The answer as JSON, or what is wrong in one sentence of the visitor's language."""
    try:
        return JSONResponse(answer(), headers=NEVER)
    except InvalidRequest as error:
        return refusal(told(error, language), 400)
    except EcomgenError as error:
        return refusal(told(error, language), 503)
    except Exception:
        logging.getLogger(__name__).exception("a request of the page failed")
        return refusal(word("unknown_fault", language), 500)


def language_of(request: Request) -> str:
    """The language that the browser asks for."""
    return preferred_language(request.headers.get("accept-language", ""))


def refusal(sentence: str, status: int) -> Response:
    """What is wrong, in one sentence."""
    return JSONResponse({"error": sentence}, status, headers=NEVER)
