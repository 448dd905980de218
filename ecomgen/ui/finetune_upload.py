"""How a product set comes in: pieces of a file, each an ordinary small request, and what was understood of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.concurrency import run_in_threadpool

from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.uploaded_sets import Underway
from ecomgen.services.uploads import PIECE, Upload
from ecomgen.ui.answers import answered, language_of, refusal, sent
from ecomgen.ui.context import Services
from ecomgen.ui.finetune_set import described, read_cleaning, told
from ecomgen.ui.words import translated

_KEEP = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}


def add_uploads(routes: APIRouter, services: Services) -> None:
    """Add everything below /finetune/uploads."""
    uploads, sets = services.uploads, services.sets

    @routes.post("/finetune/uploads")
    async def begin(request: Request) -> Response:
        given = await sent(request)
        return await run_in_threadpool(
            answered, lambda: _upload(_begun(services, given)), language_of(request)
        )

    @routes.get("/finetune/uploads/{upload_id}")
    def state(upload_id: str, request: Request) -> Response:
        return answered(lambda: _upload(uploads.upload(upload_id)), language_of(request))

    @routes.post("/finetune/uploads/{upload_id}/files/{index}")
    async def piece(upload_id: str, index: str, request: Request) -> Response:
        # Another site's form cannot send this type without asking first.
        fits = request.headers.get("content-type") == "application/octet-stream"
        content = await request.body() if fits else b""
        offset = request.query_params.get("offset", "")

        def append() -> dict[str, int]:
            if not fits or not _number(index) or not _number(offset):
                raise InvalidRequest("This piece does not belong to the product set.")
            return {"received": uploads.append(upload_id, int(index), int(offset), content)}

        return await run_in_threadpool(answered, append, language_of(request))

    @routes.get("/finetune/uploads/{upload_id}/set")
    def understood(upload_id: str, request: Request) -> Response:
        language = language_of(request)

        def shown() -> dict[str, Any]:
            found = sets.checked(upload_id)
            return told(found, language) if isinstance(found, Underway) else described(found)

        return answered(shown, language)

    @routes.get("/finetune/uploads/{upload_id}/photos/{index}")
    def photo(upload_id: str, index: str, request: Request) -> Response:
        number, wished = int(index) if _number(index) else -1, request.query_params.get("clean")
        try:
            if wished is None:
                return FileResponse(
                    sets.small_copy(upload_id, number), media_type="image/webp", headers=_KEEP
                )
            content = sets.cleaned_copy(upload_id, number, read_cleaning(wished.split(",")))
            return Response(content, media_type="image/webp", headers=_KEEP)
        except EcomgenError as error:
            return refusal(translated(str(error), language_of(request)), 404)

    @routes.post("/finetune/uploads/{upload_id}/table")
    async def table(upload_id: str, request: Request) -> Response:
        given = await sent(request)

        def written() -> dict[str, str]:
            return {"table": sets.table(upload_id, given.get("edits"))}

        return await run_in_threadpool(answered, written, language_of(request))

    @routes.post("/finetune/uploads/{upload_id}/prepare")
    async def prepare(upload_id: str, request: Request) -> Response:
        given, language = await sent(request), language_of(request)

        def prepared() -> dict[str, Any]:
            done = sets.prepare(upload_id, given.get("edits"), read_cleaning(given.get("cleaning")))
            return told(done, language) if isinstance(done, Underway) else {"prepared": done}

        return await run_in_threadpool(answered, prepared, language)


def _begun(services: Services, given: Mapping[str, Any]) -> Upload:
    services.tuning.sweep()
    if "on_server" in given:
        return services.uploads.choose(given["on_server"])
    names, sizes = given.get("names"), given.get("sizes")
    if (
        not isinstance(names, list)
        or not isinstance(sizes, list)
        or not all(isinstance(n, str) for n in names)
    ):
        raise InvalidRequest("A product set is one zip or several photos.")
    return services.uploads.begin(given.get("kind", ""), names, sizes)


def _upload(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "kind": upload.kind,
        "sizes": upload.sizes,
        "received": upload.received,
        "complete": upload.complete,
        "piece": PIECE,
    }


def _number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15
