"""How much a visitor may send at once: what reads a request's body keeps all of it in memory first."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 16 * 2**20
"""Room for a phone's photo in base64."""


class BodyLimit:
    """Answers 413 to a request whose body is larger than `most` bytes, whether it says so first or not."""

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sentence = f"A request may hold at most {self._most / 2**20:.0f} MB."
        stated = Headers(scope=scope).get("content-length", "0")
        if not stated.isdecimal() or int(stated) > self._most:
            await JSONResponse({"detail": sentence}, status_code=413)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise HTTPException(413, sentence)
            return message

        await self._app(scope, counted, send)
