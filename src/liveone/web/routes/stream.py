"""New readings as they come: Server-Sent Events."""

import math

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from liveone.accounts.people import OWNER
from liveone.domain.system import System
from liveone.domain.zones import Zone, zone_of
from liveone.store import readings
from liveone.web.auth.access import CallerDep, ServicesDep, gate_of, system_for, systems_for
from liveone.web.auth.before_body import AskedFirst
from liveone.web.auth.callers import Caller, address_of
from liveone.web.now.live import CATCH_UP_S, Listener, Live, StreamEvent, Whose, encode, since
from liveone.web.now.stream import RELOAD, EventStream, frame, unnamed
from liveone.web.routes.data import SystemId
from liveone.web.services import Services

router = APIRouter(route_class=AskedFirst, prefix="/api", tags=["data"])
ALL = "all"
EXAMPLE = 'retry: 2000\n\nid: 1755475200\nevent: reading\ndata: {"systemId":1,"timestamp":"..."}\n\n'


@router.get(
    "/stream",
    summary="New readings as they come",
    response_class=Response,
    responses={
        200: {"content": {"text/event-stream": {"example": EXAMPLE}}, "description": "Never ends by itself."},
        503: {"description": "Too many streams are open, or the server is stopping."},
    },
)
async def stream(
    request: Request, caller: CallerDep, services: ServicesDep, system_id: SystemId = None
) -> Response:
    """Server-Sent Events: the newest reading at once, then `reading` for every new one.

    Where a source tells by itself (MQTT, push), `now` says what the system is between readings, at most ten
    times a second. It has the same shape, has no id, and is kept nowhere.

    With `Last-Event-ID` (browsers send it when they reconnect) the readings since then come first, up to
    an hour of them; after a longer absence `reload` says to read the history again.
    With `systemId=all` the stream brings the readings of all your systems, the newest of each at once, and
    is not caught up.
    """
    live: Live = request.app.state.live
    session_s = math.inf if caller.until_at is None else caller.until_at - services.clock.now_at()
    longest_s = min(session_s, services.stream_s)
    whose = Whose(
        caller.account or OWNER,
        address_of(request),
        lambda: gate_of(request).still(caller, services.clock.now_at()),
    )
    if system_id == ALL:
        zones, newest = await run_in_threadpool(_start_all, services, caller)
        everybody = Listener(zones, {number: event.at for number, event in newest.items()}, whose)
        live.join(everybody)
        return EventStream(live, everybody, [*map(unnamed, newest.values())], longest_s)
    last_at = _last_event_at(request)
    system, zone, first = await run_in_threadpool(_start, services, caller, system_id, last_at)
    newest_at = max([one.at for one in first], default=last_at or 0)
    listener = Listener({system.id: zone}, {system.id: newest_at}, whose)
    live.join(listener)
    missed = [RELOAD] if last_at is not None and first and first[0].at - last_at > CATCH_UP_S else []
    return EventStream(live, listener, [*missed, *map(frame, first)], longest_s)


def _start(
    services: Services, caller: Caller, system_id: str | None, last_at: int | None
) -> tuple[System, Zone, list[StreamEvent]]:
    """The system and what to send first: what was missed, or the newest reading."""
    system = system_for(services.store, caller, system_id)
    zone, newest = zone_of(system), readings.latest(services.store, system.id, services.clock.now_at())
    if newest is None:
        return system, zone, []
    if last_at is None:
        return system, zone, encode(system.id, [newest], zone)
    return (
        system,
        zone,
        encode(system.id, since(services.store, system.id, last_at, newest.inverter_time), zone),
    )


def _start_all(services: Services, caller: Caller) -> tuple[dict[int, Zone], dict[int, StreamEvent]]:
    """The zones of all systems, and the newest reading of each that has one."""
    zones = {system.id: zone_of(system) for system in systems_for(services.store, caller)}
    newest = readings.latest_many(services.store, services.clock.now_at())
    found = {
        number: encode(number, [newest[number]], zones[number])[0] for number in zones if number in newest
    }
    return zones, found


def _last_event_at(request: Request) -> int | None:
    text = request.headers.get("last-event-id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
