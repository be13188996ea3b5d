"""New readings as they come: Server-Sent Events."""

import math

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from liveone.domain.system import System
from liveone.domain.zones import Zone, zone_of
from liveone.store import readings
from liveone.store.store import Store
from liveone.web.access import Asking, Wired, system_for
from liveone.web.auth import Caller
from liveone.web.live import CATCH_UP_S, Event, Listener, Live, encode, since
from liveone.web.routes.data import NOT_YOURS, SystemId
from liveone.web.stream import RELOAD, EventStream, frame

router = APIRouter(prefix="/api", tags=["data"])
EXAMPLE = 'retry: 2000\n\nid: 1755475200\nevent: reading\ndata: {"systemId":1,"timestamp":"..."}\n\n'


@router.get(
    "/stream",
    summary="New readings as they come",
    response_class=Response,
    responses={
        200: {"content": {"text/event-stream": {"example": EXAMPLE}}, "description": "Never ends by itself."},
        503: {"description": "Too many streams are open, or the server is stopping."},
        **NOT_YOURS,
    },
)
async def stream(request: Request, caller: Asking, services: Wired, system_id: SystemId = None) -> Response:
    """Server-Sent Events: the newest reading at once, then `reading` for every new one.

    With `Last-Event-ID` (browsers send it when they reconnect) the readings since then come first, up to
    an hour of them; after a longer absence `reload` says to read the history again.
    """
    live: Live = request.app.state.live
    last_at = _last_event_at(request)
    system, zone, first = await run_in_threadpool(_start, services.store, caller, system_id, last_at)
    listener = Listener(system.id, zone, last_at=max([one.at for one in first], default=last_at or 0))
    live.join(listener)
    session_s = math.inf if caller.until_at is None else caller.until_at - services.clock.now_at()
    missed = [RELOAD] if last_at is not None and first and first[0].at - last_at > CATCH_UP_S else []
    return EventStream(live, listener, [*missed, *map(frame, first)], min(session_s, services.stream_s))


def _start(
    store: Store, caller: Caller, system_id: str | None, last_at: int | None
) -> tuple[System, Zone, list[Event]]:
    """The system and what to send first: what was missed, or the newest reading."""
    system = system_for(store, caller, system_id)
    zone, newest = zone_of(system), readings.latest(store, system.id)
    if newest is None:
        return system, zone, []
    if last_at is None:
        return system, zone, encode(system.id, [newest], zone)
    return system, zone, encode(system.id, since(store, system.id, last_at, newest.inverter_time), zone)


def _last_event_at(request: Request) -> int | None:
    text = request.headers.get("last-event-id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
