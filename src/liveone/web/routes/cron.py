"""Work on command, for hosts that run their own schedule: poll every system, close days."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from liveone.domain.zones import Zone
from liveone.web.answers import answer, bad_parameter
from liveone.web.auth.access import CronCaller, CronOrAdministrator, ServicesDep, system_number
from liveone.web.auth.before_body import AskedFirst
from liveone.web.openapi.models import CronAnswer, DailyOrder, Failure
from liveone.web.routes.administration import known_system
from liveone.web.services import DailyJob, PollOutcome, Services

router = APIRouter(route_class=AskedFirst, prefix="/api/cron", tags=["cron"])
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": CronAnswer, "description": "Done; each system's outcome."},
}
UTC = Zone(0)
WHICH = 'Send {"action":"catchup"}, {"action":"clear"} or {"systemId":"1","date":"2025-08-17"}'


@router.get(
    "/minutely", summary="Poll every active system once", responses=RESPONSES, dependencies=[CronCaller]
)
@router.post(
    "/minutely", summary="Poll every active system once", responses=RESPONSES, dependencies=[CronCaller]
)
async def minutely(services: ServicesDep) -> Response:
    """Answers when every system has answered or failed; one system's failure is not another's."""
    return _done(services, [_polled(one) for one in await services.poll_now()])


@router.get("/daily", summary="Aggregate yesterday", responses=RESPONSES, dependencies=[CronCaller])
async def daily(services: ServicesDep) -> Response:
    """For every system whose local midnight has passed."""
    return _done(services, await services.daily(DailyJob("yesterday")))


@router.post(
    "/daily",
    summary="Aggregate again, or catch up",
    responses=RESPONSES | {404: {"model": Failure, "description": "There is no such system."}},
    dependencies=[CronOrAdministrator],
)
async def daily_order(services: ServicesDep, order: Annotated[DailyOrder, Body()]) -> Response:
    """`catchup`: every complete day that is still open; `clear`: all days again; or one day of one system.

    With the cron secret, or signed in as an administrator.
    """
    job = _job(order)
    if job.system_id is not None:
        await asyncio.to_thread(known_system, services, job.system_id)
    return _done(services, await services.daily(job))


def _polled(outcome: PollOutcome) -> dict[str, Any]:
    """`battery` is the state of charge in %, as the original service told it."""
    fields = asdict(outcome)
    return fields | {"batteryW": fields.pop("battery_w")}


def _job(order: DailyOrder) -> DailyJob:
    if order.action is not None:
        if order.action not in ("catchup", "clear") or order.systemId is not None or order.date is not None:
            raise bad_parameter("action", WHICH)
        return DailyJob("catchup" if order.action == "catchup" else "clear")
    if order.systemId is None or order.date is None:
        raise bad_parameter("systemId" if order.systemId is None else "date", WHICH)
    number = system_number("systemId", str(order.systemId))
    return DailyJob("day", number, _day(order.date))


def _day(text: str) -> str:
    UTC.bounds(text)
    return text


def _done(services: Services, results: Any) -> Response:
    now = UTC.iso(services.clock.now_at())
    return answer({"success": True, "timestamp": now, "count": len(results), "results": list(results)})
