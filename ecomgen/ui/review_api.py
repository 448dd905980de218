"""What gallery.js asks the server for, and its files: plain HTTP, because Gradio's own calls take three times as long.

Everything that is asked for may come from anyone: the services check each value. What changes something must be sent
as JSON, which a form of another site cannot do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from ecomgen.data.store import Filter
from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.exporting import EXPORTERS, export
from ecomgen.services.review import Review, ReviewedPicture
from ecomgen.services.thumbnails import Thumbnails
from ecomgen.ui import cards
from ecomgen.ui.answers import NEVER, answered, language_of, refusal, sent
from ecomgen.ui.context import Services
from ecomgen.ui.words import translated

_MEDIA = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson", "zip": "application/zip"}
_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_PAGE = 48

Answer = Callable[[Mapping[str, Any]], Any]


def add_review(server: FastAPI, services: Services) -> None:
    """Add the pictures' files and everything below /review."""
    review, thumbnails = services.review, Thumbnails(services.settings, services.review)
    routes, exporting = APIRouter(), BoundedSemaphore(2)

    def file(find: Callable[[], Path | None], media: str) -> FileResponse:
        try:
            path = find()
        except EcomgenError:
            path = None
        if path is None:
            raise HTTPException(404)
        return FileResponse(path, media_type=media, headers=_FOR_EVER)

    @routes.get("/pictures/{name}.png")
    def picture(name: str) -> FileResponse:
        return file(lambda: review.picture(name).path, "image/png")

    @routes.get("/thumbnails/{name}.webp")
    def thumbnail(name: str) -> FileResponse:
        return file(lambda: thumbnails.path(name), "image/webp")

    @routes.get("/review/pictures")
    def pictures(request: Request) -> Response:
        return answered(lambda: _page(review, request.query_params), language_of(request))

    @routes.get("/review/choices")
    def choices(request: Request) -> Response:
        return answered(lambda: _choices(review), language_of(request))

    @routes.get("/review/pictures/{name}")
    def details(request: Request, name: str, visitor: str = "") -> Response:
        return answered(lambda: {"judgements": _judgements(review, name, visitor)}, language_of(request))

    def change(path: str, answer: Answer) -> None:
        async def changed(request: Request) -> Response:
            given = await sent(request)
            return await run_in_threadpool(answered, lambda: answer(given), language_of(request))

        routes.post(f"/review/{path}")(changed)

    change("votes", lambda given: _vote(review, given))
    change("undo", lambda given: _undo(review, given))
    change("marks", lambda given: _mark(review, given))
    change("shortlists", lambda given: _new_shortlist(review, given))

    @routes.post("/review/export")
    async def exported(request: Request) -> Response:
        given = await sent(request)
        if not exporting.acquire(blocking=False):
            busy = "Other exports are being made; please try again in a moment."
            return refusal(translated(busy, language_of(request)), 503)
        try:
            return await run_in_threadpool(_export, review, given, language_of(request))
        finally:
            exporting.release()

    server.include_router(routes)


def _page(review: Review, query: Mapping[str, str]) -> dict[str, Any]:
    wanted, after = _filter(query), query.get("after", "")
    page = review.page(wanted, query.get("sort", "newest"), after, _PAGE)  # type: ignore[arg-type]
    answer: dict[str, Any] = {"cards": [_card(picture) for picture in page.pictures], "after": page.after}
    return answer if after else answer | {"counts": review.counts(wanted)}


def _filter(query: Mapping[str, Any]) -> Filter:
    """The filter in a query: attributes are named "is.colour", days are like 2026-11-24 and in UTC."""
    until = _day(query.get("until"))
    texts = {name: query.get(name) or "" for name in ("search", "model", "reviewer", "tag", "shortlist")}
    return Filter(
        rated=query.get("rated") or "all",
        attributes={k.removeprefix("is."): v for k, v in query.items() if k.startswith("is.")},
        commented=bool(query.get("commented")),
        since=_day(query.get("since")),
        until=until and until + timedelta(days=1),
        deleted=bool(query.get("deleted")),
        **texts,
    )


def _day(text: Any) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except (TypeError, ValueError) as error:
        raise InvalidRequest("A day is written like 2026-11-24.") from error


def _card(picture: ReviewedPicture) -> dict[str, Any]:
    """A picture as gallery.js takes it."""
    own = ("reasons", "comment", "reviewer", "tags", "shortlists", "deleted", "language")
    plain = {name: getattr(picture, name) for name in own}
    card = cards.kept_card(picture)
    del (
        card["reason"],
        card["own"],
    )  # the gallery knows several reasons, and what the visitor's own judgement is
    return card | plain | {"seedless": bool(picture.latent), "created": picture.created_at.isoformat()}


def _choices(review: Review) -> dict[str, Any]:
    """What the filters offer."""
    there = review.choices()
    lists = [{"id": row.id, "name": row.name} for row in review.shortlists()]
    attributes = {kind[3:]: values for kind, values in there.items() if kind.startswith("is ")}
    named = {kind: there.get(kind, []) for kind in ("model", "reviewer", "tag")}
    return {"attributes": attributes, "shortlist": lists, **named}


def _judgements(review: Review, picture_id: str, visitor: str) -> list[dict[str, Any]]:
    """What each visitor thinks, and which is the asking one's `own`; who the others are stays with us."""
    told = ("liked", "reasons", "comment", "reviewer")
    standing = review.judgements(picture_id)
    return [
        {name: getattr(vote, name) for name in told}
        | {"created": vote.created_at.isoformat(), "own": bool(visitor) and vote.visitor == visitor}
        for vote in standing
    ]


def _vote(review: Review, given: Mapping[str, Any]) -> dict[str, Any]:
    votes = given.get("votes")
    if not isinstance(votes, Mapping):
        raise InvalidRequest("Please choose the pictures to vote on.")
    kept = review.vote_all(
        votes,
        given.get("liked"),
        given.get("reasons", ()),
        given.get("comment", ""),
        given.get("visitor", ""),
        given.get("reviewer", ""),
    )
    return {"new": kept}


def _undo(review: Review, given: Mapping[str, Any]) -> dict[str, Any]:
    votes = given.get("votes")
    if not isinstance(votes, list) or not 1 <= len(votes) <= 1000:
        raise InvalidRequest("Please say which votes to undo.")
    return {"undone": sum(review.undo(vote, given.get("visitor", "")) for vote in votes)}


def _mark(review: Review, given: Mapping[str, Any]) -> dict[str, Any]:
    review.mark(
        given.get("kind", ""),
        given.get("pictures", []),
        given.get("value", ""),
        given.get("present", True),
        given.get("visitor", ""),
    )
    return {"ok": True}


def _new_shortlist(review: Review, given: Mapping[str, Any]) -> dict[str, Any]:
    made = review.new_shortlist(given.get("name", ""), given.get("visitor", ""))
    return {"id": made.id, "name": made.name}


def _export(review: Review, given: Mapping[str, Any], language: str) -> Response:
    """The chosen pictures (`pictures`: ids), or all that fit a filter, as a file."""
    format, query = given.get("format"), given.get("filter")
    if not isinstance(format, str) or format not in EXPORTERS:
        return refusal(f"The format is one of {', '.join(EXPORTERS)}.", 400)
    folder = tempfile.TemporaryDirectory(prefix="ecomgen-export-")
    target = Path(folder.name) / f"pictures.{format}"

    def write() -> dict[str, Any]:
        ids = given.get("pictures")
        chosen = review.find(ids) if ids else review.each(_filter(query if isinstance(query, dict) else {}))
        return {"count": export(review, format, chosen, target)}

    answer = answered(write, language)
    if not target.is_file():
        folder.cleanup()
        return answer
    done = BackgroundTask(folder.cleanup)
    return FileResponse(
        target, media_type=_MEDIA[format], filename=target.name, background=done, headers=NEVER
    )
