"""What insight.js asks the server for: the numbers of one period, and the market's table; plain HTTP as in review_api.py."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from ecomgen.errors import InvalidRequest
from ecomgen.services.favourites import Learnt
from ecomgen.services.insight import Approval, Insight
from ecomgen.services.trends import EXAMPLE, MOST_BYTES, Trends
from ecomgen.ui.answers import answered, language_of, sent
from ecomgen.ui.context import Services

_MOST_VALUES = 60
"""Most bars of one kind that a page is sent."""


def add_insight(server: FastAPI, services: Services) -> None:
    """Add everything below /insight."""
    insight, trends = services.insight, services.trends
    routes = APIRouter()

    @routes.get("/insight/summary")
    def summary(request: Request) -> Response:
        query = request.query_params
        return answered(lambda: _summary(insight, trends, query), language_of(request))

    @routes.post("/insight/trend")
    async def trend(request: Request) -> Response:
        given = await sent(request)
        return await run_in_threadpool(answered, lambda: _upload(trends, given), language_of(request))

    @routes.get("/insight/taste")
    def taste(request: Request) -> Response:
        return answered(lambda: _taste(services.favourites.learnt()), language_of(request))

    def learnt_again() -> dict[str, Any]:
        return _taste(services.favourites.learn())

    @routes.post("/insight/taste")
    async def learn(request: Request) -> Response:
        return await run_in_threadpool(answered, learnt_again, language_of(request))

    @routes.get("/insight/example.csv")
    def example() -> Response:
        headers = {"Content-Disposition": 'attachment; filename="market-trend.csv"'}
        return Response(EXAMPLE.encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)

    server.include_router(routes)


def _summary(insight: Insight, trends: Trends, query: Mapping[str, str]) -> dict[str, Any]:
    """The dashboard of the last `days` days (UTC, today included), of all time without; plain data for insight.js."""
    told = insight.summary(_since(query.get("days", "")))
    drifts = trends.drift(told.made, told.liked)
    return {
        "days": [[day.day.isoformat(), day.up, day.down] for day in told.days],
        "overall": told.overall and _plain(told.overall),
        "approval": {
            name: [_plain(one) for one in each[:_MOST_VALUES]] for name, each in told.approval.items()
        },
        "reasons": [asdict(reason) for reason in told.reasons],
        "agreement": told.agreement and asdict(told.agreement),
        "drift": [
            {
                "attribute": name,
                "day": drift.day.isoformat(),
                "distance": drift.distance,
                "values": [asdict(value) for value in drift.values[:_MOST_VALUES]],
            }
            for name, drift in drifts.items()
        ],
    }


def _taste(learnt: Learnt | None) -> dict[str, Any]:
    """What “show the best” knows: from how many thumbs, and how often it ranks an unseen liked picture above a disliked one."""
    return {"votes": learnt.votes, "ranked": learnt.held_out} if learnt else {"votes": 0, "ranked": None}


def _plain(approval: Approval) -> dict[str, Any]:
    return asdict(approval) | {"share": approval.share}


def _since(days: str) -> datetime | None:
    if not days:
        return None
    if not (days.isascii() and days.isdigit() and len(days) <= 4 and int(days) > 0):
        raise InvalidRequest("The period is a number of days, at most 9,999.")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=int(days) - 1)


def _upload(trends: Trends, given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the table that came as base64 (`table`)."""
    text = given.get("table")
    if isinstance(text, str) and len(text) > 2 * MOST_BYTES:
        raise InvalidRequest("The trend table is larger than 1 MB.")
    try:
        content = base64.b64decode(text or "", validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise InvalidRequest("The trend table did not arrive whole; please try again.") from error
    return asdict(trends.upload(content))
