"""What finetune.js asks the server for: the machine, jobs and how they go, and the checkpoints of one's own; plain HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from ecomgen.data.store import JobRow
from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.finetuning import LEAST_PHOTOS, METHODS, FinetuneRequest
from ecomgen.services.uploads import MOST_PHOTOS
from ecomgen.ui.answers import NEVER, answered, language_of, refusal, sent
from ecomgen.ui.context import Services, Visitor
from ecomgen.ui.finetune_upload import add_uploads
from ecomgen.ui.words import translated

_LOG_LINES = 40


def add_finetune(server: FastAPI, services: Services) -> None:
    """Add everything below /finetune."""
    routes = APIRouter()
    add_uploads(routes, services)
    _add_jobs(routes, services)
    _add_own(routes, services)
    server.include_router(routes)


def _add_jobs(routes: APIRouter, services: Services) -> None:
    tuning, jobs = services.tuning, services.jobs

    @routes.get("/finetune/options")
    def options(request: Request) -> Response:
        return answered(lambda: _options(services), language_of(request))

    @routes.post("/finetune/command")
    async def command(request: Request) -> Response:
        given = await sent(request)

        def told() -> dict[str, str]:
            return {"command": _request(services, given).command_line()}

        return await run_in_threadpool(answered, told, language_of(request))

    @routes.post("/finetune/estimate")
    async def estimate(request: Request) -> Response:
        given = await sent(request)

        def told() -> dict[str, Any]:
            found = tuning.estimate(_request(services, given))
            return asdict(found) if found else {"measuring": True}

        return await run_in_threadpool(answered, told, language_of(request))

    @routes.post("/finetune/jobs")
    async def start(request: Request) -> Response:
        given = await sent(request)

        def started() -> dict[str, str]:
            wanted = _request(services, given)
            return {"id": tuning.start(wanted, Visitor.read({"id": given.get("visitor")}).id).id}

        return await run_in_threadpool(answered, started, language_of(request))

    @routes.get("/finetune/jobs")
    def listed(request: Request) -> Response:
        return answered(lambda: {"jobs": _listed(services, language_of(request))}, language_of(request))

    @routes.get("/finetune/jobs/{job_id}")
    def opened(job_id: str, request: Request) -> Response:
        return answered(lambda: _opened(services, job_id, language_of(request)), language_of(request))

    @routes.get("/finetune/jobs/{job_id}/sides")
    def sides(job_id: str, request: Request) -> Response:
        return answered(lambda: {"rows": tuning.sides(job_id)}, language_of(request))

    @routes.get("/finetune/jobs/{job_id}/pictures/{name}")
    def picture(job_id: str, name: str, request: Request) -> Response:
        try:
            return FileResponse(tuning.picture(job_id, name), media_type="image/png", headers=NEVER)
        except EcomgenError as error:
            return refusal(translated(str(error), language_of(request)), 404)

    @routes.get("/finetune/jobs/{job_id}/zip")
    def packed(job_id: str, request: Request) -> Response:
        return _download(
            lambda target: tuning.pack(job_id, target), _title(services, job_id), language_of(request)
        )

    doing: Mapping[str, Callable[[str], Any]] = {
        "stop": jobs.stop,
        "cancel": jobs.cancel,
        "resume": jobs.resume,
        "delete": jobs.delete,
    }

    @routes.post("/finetune/jobs/{job_id}/{wish}")
    async def ask(job_id: str, wish: str, request: Request) -> Response:
        given = await sent(request)

        def done() -> dict[str, Any]:
            if not given:
                raise InvalidRequest("The request did not arrive completely; please try again.")
            if wish == "publish":
                return {"name": tuning.publish(job_id, given.get("name", ""))}
            if wish not in doing:
                raise InvalidRequest("Nothing of this name can be done with a job.")
            doing[wish](job_id)
            return {"ok": True}

        return await run_in_threadpool(answered, done, language_of(request))


def _add_own(routes: APIRouter, services: Services) -> None:
    own = services.own

    @routes.get("/finetune/own")
    def listed(request: Request) -> Response:
        return answered(lambda: {"own": _own(services, language_of(request))}, language_of(request))

    @routes.get("/finetune/own/{name}/card")
    def card(name: str, request: Request) -> Response:
        return answered(lambda: {"card": own.card(name)}, language_of(request))

    @routes.get("/finetune/own/{name}/zip")
    def packed(name: str, request: Request) -> Response:
        return _download(lambda target: own.pack(name, target), name, language_of(request))

    @routes.post("/finetune/own/{wish}")
    async def ask(wish: str, request: Request) -> Response:
        given = await sent(request)
        name, new = _text(given, "name"), _text(given, "new")

        def done() -> dict[str, Any]:
            if wish == "rename":
                own.rename(name, new)
            elif wish == "delete":
                own.delete(name)
            elif wish == "import":
                own.bring_in(_zip(services, given.get("upload")), name)
            else:
                raise InvalidRequest("Nothing of this name can be done with a checkpoint.")
            return {"own": _own(services, language_of(request))}

        return await run_in_threadpool(answered, done, language_of(request))


def _download(pack: Callable[[Path], None], name: str, language: str) -> Response:
    """What `pack` writes, as a zip that is removed when it was sent."""
    folder = tempfile.TemporaryDirectory()
    target = Path(folder.name) / "checkpoint.zip"
    try:
        pack(target)
    except EcomgenError as error:
        folder.cleanup()
        return refusal(translated(str(error), language), 404)
    ended = BackgroundTask(folder.cleanup)
    return FileResponse(target, media_type="application/zip", filename=f"{name}.zip", background=ended)


def _options(services: Services) -> dict[str, Any]:
    usable = [m for m in services.generation.models() if m.problem is None]
    return {
        "bases": [{"name": m.name, "title": m.title} for m in usable],
        "base": services.settings.model,
        "methods": METHODS,
        "machine": asdict(services.tuning.machine()),
        "name": services.tuning.free_name(),
        "liked": [asdict(source) for source in services.tuning.liked()],
        "least_photos": LEAST_PHOTOS,
        "most_bytes": services.uploads.most_bytes,
        "most_photos": MOST_PHOTOS,
        "on_server": services.uploads.on_server(),
    }


def _request(services: Services, given: Mapping[str, Any]) -> FinetuneRequest:
    liked = given.get("liked") or []
    uploaded = given.get("upload") or not liked  # liked pictures can be learnt from alone
    data = services.sets.prepared(given.get("upload", ""), given.get("prepared")) if uploaded else None
    wanted: dict[str, Any] = {key: given.get(key) for key in ("name", "base", "method", "minutes")}
    return services.tuning.request(data, **wanted, liked=liked)


def _listed(services: Services, language: str) -> list[dict[str, Any]]:
    rows = services.tuning.runs()
    waiting = [row.id for row in reversed(rows) if row.state == "queued"]
    return [_row(services, row, waiting, language) for row in rows]


def _row(services: Services, row: JobRow, waiting: list[str], language: str) -> dict[str, Any]:
    progress = services.jobs.progress(row.id)
    return {
        "id": row.id,
        "title": row.title,
        "state": row.state,
        "asked": row.asked,
        "reason": translated(row.reason, language),
        "place": waiting.index(row.id) + 1 if row.id in waiting else 0,
        "created_at": row.created_at.isoformat(),
        "what": progress.what,
        "share": progress.share,
        "seconds_left": progress.seconds_left,
    }


def _opened(services: Services, job_id: str, language: str) -> dict[str, Any]:
    row = services.jobs.job(job_id)
    waiting = [job.id for job in reversed(services.tuning.runs()) if job.state == "queued"]
    asked = services.tuning.asked(job_id)
    return {
        **_row(services, row, waiting, language),
        **asdict(services.tuning.made(job_id)),
        **asdict(services.jobs.usage(job_id)),
        "base": asked.get("base", ""),
        "method": asked.get("method", ""),
        "minutes": float(asked.get("minutes", 0)),
        "log": services.jobs.log_tail(job_id, _LOG_LINES),
    }


def _title(services: Services, job_id: str) -> str:
    try:
        return services.jobs.job(job_id).title
    except EcomgenError:
        return "checkpoint"


def _own(services: Services, language: str) -> list[dict[str, Any]]:
    told = {m.name: m for m in services.generation.models()}
    return [
        {"name": name, "problem": translated(told[name].problem or "", language) if name in told else ""}
        for name in services.own.names()
    ]


def _zip(services: Services, upload_id: Any) -> Path:
    upload = services.uploads.upload(upload_id)
    if upload.kind != "zip" or not upload.complete:
        raise InvalidRequest("A checkpoint comes as one zip file.")
    return upload.source


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key, "")
    if not isinstance(value, str):
        return ""
    return value
