"""The data: systems, the newest reading with today and yesterday, history."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from liveone.domain.zones import zone_of
from liveone.web import fields as history_fields
from liveone.web.access import Asking, Wired, system_for, systems_for
from liveone.web.answers import answer, bad_parameter, json_bytes
from liveone.web.cards import Cards
from liveone.web.examples import DATA, HISTORY
from liveone.web.history import history
from liveone.web.models import DataAnswer, Done, Failure, HistoryAnswer, SystemsAnswer
from liveone.web.overview import identity, overview
from liveone.web.ranges import Asked, window
from liveone.web.series import Source

router = APIRouter(prefix="/api", tags=["data"])
NOT_YOURS: dict[int | str, dict[str, Any]] = {
    401: {"model": Failure, "description": "No credential, or a wrong one."},
    404: {"model": Failure, "description": "No such system, or somebody else's."},
}
SystemId = Annotated[
    str | None, Query(alias="systemId", description="Without it: your first system.", examples=["1"])
]


@router.get(
    "/systems", summary="Your systems", responses={200: {"model": SystemsAnswer}, 401: NOT_YOURS[401]}
)
def systems(caller: Asking, services: Wired) -> Response:
    """Every system that you own or were given."""
    found = systems_for(services.store, caller)
    rows = [
        {"id": system.id, "isActive": system.is_active, **identity(system, zone_of(system))}
        for system in found
    ]
    return answer({"success": True, "signedIn": caller.until_at is not None, "systems": rows})


@router.get(
    "/data",
    summary="Now, today and yesterday",
    responses={
        200: {"model": DataAnswer, "content": {"application/json": {"example": DATA}}},
        503: {"model": Failure, "description": "No reading yet, or the database is away."},
        **NOT_YOURS,
    },
)
def data(caller: Asking, services: Wired, system_id: SystemId = None) -> Response:
    """The newest reading with its age, today's energy so far, yesterday, and how polling goes."""
    system = system_for(services.store, caller, system_id)
    return answer(overview(services.store, system, services.clock.now_at(), services.cadence_s))


@router.get(
    "/overview",
    summary="All your systems at a glance",
    responses={200: {"model": Done}, 401: NOT_YOURS[401]},
)
def all_systems(request: Request, caller: Asking, services: Wired) -> Response:
    """`cards` by system id: the newest reading with today's energy so far, freshness and polling of each.

    Today's energy is that of the last whole five minutes. A system without a reading has `error` instead.
    """
    cards: Cards = request.app.state.cards
    now_at = services.clock.now_at()
    found = cards.of(systems_for(services.store, caller), now_at, at_once=False)
    return answer({"success": True, "now": now_at, "cards": found})


@router.get(
    "/history",
    summary="One value per interval",
    responses={
        200: {"model": HistoryAnswer, "content": {"application/json": {"example": HISTORY}}},
        304: {"description": "Unchanged since the answer whose ETag was sent."},
        400: {"model": Failure, "description": "A parameter is missing or wrong; the answer names it."},
        501: {"model": Failure, "description": "Only 5m, 30m, and 1d intervals are supported (and auto)."},
        **NOT_YOURS,
    },
)
def history_of(
    *,
    request: Request,
    caller: Asking,
    services: Wired,
    system_id: Annotated[
        str | None, Query(alias="systemId", description="the number of the system, required", examples=["1"])
    ] = None,
    interval: Annotated[str | None, Query(description="5m, 30m, 1d or auto", examples=["5m"])] = None,
    fields: Annotated[
        str | None,
        Query(description="comma-separated: " + ", ".join(history_fields.NAMES), examples=["solar,load"]),
    ] = None,
    last: Annotated[str | None, Query(description="30m, 24h, 7d, 12mo", examples=["24h"])] = None,
    start_time: Annotated[
        str | None,
        Query(alias="startTime", description="ISO 8601 or YYYY-MM-DD, exclusive (days: inclusive)"),
    ] = None,
    end_time: Annotated[
        str | None, Query(alias="endTime", description="ISO 8601 or YYYY-MM-DD, inclusive")
    ] = None,
    points: Annotated[
        str | None, Query(description="for interval=auto: at most this many values, 1000 unless given")
    ] = None,
) -> Response:
    """OpenNEM v4.1: one value per interval, null for a gap, never a missing slot.

    A value belongs to the interval that ends at its time. At `1d` the fields solar, load, battery and
    grid are the day's energy in kWh; at every other resolution they are mean power in W.
    """
    for name, value in (("systemId", system_id), ("interval", interval), ("fields", fields)):
        if not value:
            raise bad_parameter(name, f"Missing required parameter: {name}")
    assert interval
    system = system_for(services.store, caller, system_id)
    zone, now_at = zone_of(system), services.clock.now_at()
    asked = Asked(interval, last, start_time, end_time, points)
    wanted = history_fields.parse(fields, interval)
    stretch = window(asked, zone, now_at, in_days_beyond_s=history_fields.finest_s(wanted))
    found = history(Source(services.store, system, zone, now_at), stretch, wanted)
    return json_bytes(request, found.body, found.etag)
