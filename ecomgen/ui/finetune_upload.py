"""How a product set comes in: pieces of a file, each an ordinary small request, and what was understood of the whole."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.concurrency import run_in_threadpool

from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.tuning import Tuning
from ecomgen.services.uploads import PIECE, Upload, Uploads
from ecomgen.ui.answers import answered, language_of, refusal, sent
from ecomgen.ui.finetune_set import UploadedSets
from ecomgen.ui.words import translated

_KEEP = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}


def add_uploads(routes: APIRouter, uploads: Uploads, sets: UploadedSets, tuning: Tuning) -> None:
    """Add everything below /finetune/uploads."""

    @routes.post("/finetune/uploads")
    async def begin(request: Request) -> Response:
        given = await sent(request)
        return await run_in_threadpool(
            answered, lambda: _upload(_begun(uploads, tuning, given)), language_of(request)
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
        return answered(lambda: sets.described(upload_id), language_of(request))

    @routes.get("/finetune/uploads/{upload_id}/photos/{index}")
    def photo(upload_id: str, index: str, request: Request) -> Response:
        try:
            path = sets.thumbnail(upload_id, int(index) if _number(index) else -1)
        except EcomgenError as error:
            return refusal(translated(str(error), language_of(request)), 404)
        return FileResponse(path, media_type="image/webp", headers=_KEEP)

    @routes.post("/finetune/uploads/{upload_id}/table")
    async def table(upload_id: str, request: Request) -> Response:
        given = await sent(request)

        def written() -> dict[str, str]:
            return {"table": sets.table(upload_id, given.get("edits"))}

        return await run_in_threadpool(answered, written, language_of(request))

    @routes.post("/finetune/uploads/{upload_id}/prepare")
    async def prepare(upload_id: str, request: Request) -> Response:
        given = await sent(request)

        def prepared() -> dict[str, str]:
            return {"prepared": sets.prepare(upload_id, given.get("edits"))[0]}

        return await run_in_threadpool(answered, prepared, language_of(request))


def _begun(uploads: Uploads, tuning: Tuning, given: Any) -> Upload:
    tuning.sweep()
    names, sizes = given.get("names"), given.get("sizes")
    if (
        not isinstance(names, list)
        or not isinstance(sizes, list)
        or not all(isinstance(n, str) for n in names)
    ):
        raise InvalidRequest("A product set is one zip or several photos.")
    return uploads.begin(given.get("kind", ""), names, sizes)


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
