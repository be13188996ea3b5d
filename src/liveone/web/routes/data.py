"""The data: systems, the newest reading with today and yesterday, history."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from liveone.domain.zones import zone_of
from liveone.web.answers import answer, bad_parameter, tagged
from liveone.web.auth.access import CallerDep, ServicesDep, system_for, systems_for
from liveone.web.auth.before_body import AskedFirst
from liveone.web.auth.callers import Caller, is_signed_in
from liveone.web.history import fields as history_fields
from liveone.web.history.intervals import history, opennem
from liveone.web.history.points import point_fields
from liveone.web.history.ranges import TimeParameters, window
from liveone.web.history.rows import CSV, as_csv, as_rows
from liveone.web.history.rules import ORIGINAL, V2, Rules
from liveone.web.history.series import HistorySource
from liveone.web.now.cards import Cards
from liveone.web.now.data import identity, overview
from liveone.web.openapi.examples import DATA, HISTORY
from liveone.web.openapi.models import DONE, DataAnswer, Failure, HistoryAnswer, SystemsAnswer
from liveone.web.services import Services

router = APIRouter(route_class=AskedFirst, prefix="/api", tags=["data"])
SystemId = Annotated[
    str | None, Query(alias="systemId", description="Without it: your first system.", examples=["1"])
]


@router.get("/systems", summary="Your systems", responses={200: {"model": SystemsAnswer}})
def systems(caller: CallerDep, services: ServicesDep) -> Response:
    """Every system that you own or were given."""
    found = systems_for(services.store, caller)
    rows = [
        {"id": system.id, "isActive": system.is_active, **identity(system, zone_of(system))}
        for system in found
    ]
    return answer({"success": True, "signedIn": is_signed_in(caller), "systems": rows})


@router.get(
    "/data",
    summary="Now, today and yesterday",
    responses={
        200: {"model": DataAnswer, "content": {"application/json": {"example": DATA}}},
        503: {"model": Failure, "description": "No reading yet, or the database is away."},
    },
)
def data(caller: CallerDep, services: ServicesDep, system_id: SystemId = None) -> Response:
    """The newest reading with its age, today's energy so far, yesterday, and how polling goes."""
    system = system_for(services.store, caller, system_id)
    return answer(overview(services, system, services.clock.now_at()))


@router.get(
    "/overview",
    summary="All your systems at a glance",
    responses=DONE,
)
def all_systems(request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """`cards` by system id: the newest reading with today's energy so far, freshness and polling of each.

    Today's energy is that of the last whole five minutes. A system without a reading has `error` instead.
    """
    cards: Cards = request.app.state.cards
    now_at = services.clock.now_at()
    found = cards.of(systems_for(services.store, caller), now_at, at_once=False)
    return answer({"success": True, "now": now_at, "cards": found})


HISTORY_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": HistoryAnswer, "content": {"application/json": {"example": HISTORY}, "text/csv": {}}},
    304: {"description": "Unchanged since the answer whose ETag was sent."},
    501: {"model": Failure, "description": "Only 5m, 30m, and 1d intervals are supported (and auto)."},
}


class HistoryParameters(BaseModel):
    """What a history is asked for with, as it came. (A model: a dataclass costs a worker thread.)"""

    model_config = ConfigDict(frozen=True)

    system_id: str | None = Field(
        None, alias="systemId", description="the number of the system, required", examples=["1"]
    )
    interval: str | None = Field(None, description="5m, 30m, 1d or auto", examples=["5m"])
    fields: str | None = Field(
        None,
        description="comma-separated: " + ", ".join(history_fields.NAMES) + "; point:KEY, point_kwh:KEY",
        examples=["solar,load"],
    )
    last: str | None = Field(None, description="30m, 24h, 7d, 12mo", examples=["24h"])
    start_time: str | None = Field(
        None, alias="startTime", description="ISO 8601 or YYYY-MM-DD, exclusive (days: inclusive)"
    )
    end_time: str | None = Field(None, alias="endTime", description="ISO 8601 or YYYY-MM-DD, inclusive")
    points: str | None = Field(
        None, description="for interval=auto: at most this many values, 1000 unless given"
    )
    format: str | None = Field(
        None, description="rows: a table with times; csv: the same as CSV, as Accept: text/csv"
    )


class V2Parameters(HistoryParameters):
    """The same, where a name means one series."""

    fields: str | None = Field(None, description="the same names, one series each")


@router.get("/history", summary="One value per interval", responses=HISTORY_RESPONSES)
def history_of(
    request: Request, caller: CallerDep, services: ServicesDep, asked: Annotated[HistoryParameters, Query()]
) -> Response:
    """OpenNEM v4.1: one value per interval, null for a gap, never a missing slot; as the original service
    answered.

    A value belongs to the interval that ends at its time. `battery` brings its state of charge along, and at
    `1d` solar and load come as mean power and as energy. `last=7d` at `1d` ends with yesterday.
    """
    return _history(request, caller, services, asked, ORIGINAL)


@router.get("/v2/history", summary="One value per interval, as our pages ask", responses=HISTORY_RESPONSES)
def history_v2(
    request: Request, caller: CallerDep, services: ServicesDep, asked: Annotated[V2Parameters, Query()]
) -> Response:
    """As `/api/history`, but a field is one series (at `1d` a power's name means the day's net energy), a
    time without an offset is the system's own, an end that is a date is its beginning, and `last` at `1d`
    ends with today.
    """
    return _history(request, caller, services, asked, V2)


def _history(
    request: Request, caller: Caller, services: Services, asked: HistoryParameters, rules: Rules
) -> Response:
    for name, value in (
        ("systemId", asked.system_id),
        ("interval", asked.interval),
        ("fields", asked.fields),
    ):
        if not value:
            raise bad_parameter(name, f"Missing required parameter: {name}")
    assert asked.interval
    written = _format(request, asked.format)
    system = system_for(services.store, caller, asked.system_id)
    zone, now_at = zone_of(system), services.clock.now_at()
    names = history_fields.names_of(asked.fields, rules)
    meant = TimeParameters(asked.interval, asked.last, asked.start_time, asked.end_time, asked.points, rules)
    stretch = window(meant, zone, now_at, in_days_beyond_s=history_fields.finest_s(names))
    by_day = asked.interval == "1d"
    wanted = [
        *history_fields.fields_of(names, rules, in_days=stretch.in_days, by_day=by_day),
        *point_fields(services.store, system.id, names),
    ]
    answered = history(HistorySource(services.store, system, zone, now_at), stretch, wanted)
    if written == "csv":
        return tagged(request, as_csv(answered), media_type=CSV)
    return tagged(request, as_rows(answered) if written == "rows" else opennem(answered, rules))


def _format(request: Request, asked: str | None) -> str:
    """``json``, ``rows`` or ``csv``: what was asked for, else what Accept says."""
    if asked not in (None, "json", "rows", "csv"):
        raise bad_parameter("format", f"format is not json, rows or csv: {asked[:40]!r}")
    return asked or ("csv" if "text/csv" in request.headers.get("accept", "") else "json")
