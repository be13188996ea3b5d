"""What administrators do: add, edit, pause and remove systems, look at migrations and polling."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from hashlib import sha256
from itertools import chain, islice
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from liveone.domain.system import FROM_SOURCES, IMPORT_ONLY, NAME_CHARS_MAX, System, checked_name
from liveone.domain.zone_names import names, read_zone
from liveone.domain.zones import Zone, zone_of
from liveone.store import aggregates, systems
from liveone.web.answers import NO_STORE, ApiError, answer, bad_parameter
from liveone.web.auth.access import AllowedCaller, ServicesDep
from liveone.web.auth.audited import about
from liveone.web.auth.before_body import AskedFirst
from liveone.web.now.readings_json import iso_or_none
from liveone.web.openapi.models import DONE, Confirmed, RequestModel
from liveone.web.services import Administration, DailyJob, Services

router = APIRouter(route_class=AskedFirst, prefix="/api/admin", tags=["admin"])
LINES = "application/x-ndjson"
STEP_LINES: dict[int | str, dict[str, Any]] = {
    200: {"content": {LINES: {}}, "description": "One step a line, each as soon as it ended."}
}
"""What is said of a route that answers with lines of JSON."""
DONE_OR_LINES: dict[int | str, dict[str, Any]] = {200: {**DONE[200], **STEP_LINES[200]}}
STYLE = re.compile(rb"<style>((?:[^<]|<(?!/?style>))*+)</style>")
Offset = Annotated[int, Field(ge=-1439, le=1439, description="minutes east of UTC, a multiple of 5")]
ZoneText = Annotated[str, Field(max_length=60, description="Europe/Berlin, or +10:00; wins over offsetMin")]
Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MAX)]


class SiteForm(RequestModel):
    vendorType: Annotated[str, Field(max_length=40)]  # noqa: N815
    vendorSiteId: Annotated[str, Field(max_length=64)]  # noqa: N815


class NewSystem(SiteForm):
    """Of the vendor type `none` or `sources` it has no site: its readings are imported, or of its devices."""

    vendorSiteId: Annotated[str, Field(max_length=64)] = ""  # noqa: N815
    displayName: Name  # noqa: N815
    offsetMin: Offset | None = None  # noqa: N815
    timeZone: ZoneText | None = None  # noqa: N815


class Edited(RequestModel):
    displayName: Name | None = None  # noqa: N815
    offsetMin: Offset | None = None  # noqa: N815
    timeZone: ZoneText | None = None  # noqa: N815
    isActive: bool | None = None  # noqa: N815


def administration(services: Services) -> Administration:
    """What does an administrator's work; ApiError 503 where there is none."""
    if services.administration is None:
        raise ApiError(503, "This server was started without its administration.")
    return services.administration


async def _service(_: AllowedCaller, services: ServicesDep) -> Administration:
    return administration(services)


AdminService = Annotated[Administration, Depends(_service)]


@router.get("/accounts", summary="Configured vendor accounts", responses=DONE)
def accounts(service: AdminService) -> Response:
    """Those of the settings file; passwords stay there."""
    return answer({"success": True, "accounts": service.accounts()})


@router.post("/accounts/{name}/discover", summary="The sites that an account sees", responses=DONE)
def discover(service: AdminService, services: ServicesDep, name: str) -> Response:
    """Asks the vendor; `known` says which of them are systems already."""
    known = {(one.vendor_type, one.vendor_site_id) for one in systems.list_systems(services.store)}
    sites = [
        dict(site, known=(site["vendorType"], site["vendorSiteId"]) in known)
        for site in service.discover(name)
    ]
    return answer({"success": True, "sites": sites})


@router.post("/check", summary="Test a connection step by step", responses=DONE_OR_LINES)
def check(request: Request, service: AdminService, site: SiteForm) -> Response:
    """Reached, logged in, site found, reading sane, signs plausible; ends with the first step that fails.

    `Accept: application/x-ndjson` brings each step as a line as soon as it ended.
    """
    found = service.check(site.vendorType, site.vendorSiteId)
    if LINES in request.headers.get("accept", ""):
        first = list(islice(found, 1))
        return StreamingResponse(ndjson(chain(first, found)), media_type=LINES, headers=NO_STORE)
    steps = list(found)
    return answer({"success": all(step["ok"] for step in steps), "steps": steps})


@router.post("/systems", summary="Add a system", responses=DONE)
def add(
    request: Request, service: AdminService, caller: AllowedCaller, services: ServicesDep, new: NewSystem
) -> Response:
    """It is yours, and polled from the next minute on. `timeZone` or `offsetMin` says how days are counted.

    One of the vendor type `none` has no `vendorSiteId` and is not polled: its readings are imported. One of
    the type `sources` takes its readings from devices, see `/api/admin/systems/{id}/sources`.
    """
    about(request, new.displayName)
    zone = _zone(new.timeZone, new.offsetMin, services.clock.now_at())
    if zone is None:
        raise bad_parameter("timeZone", "Missing required parameter: timeZone, or offsetMin")
    if not new.vendorSiteId and new.vendorType not in (IMPORT_ONLY, FROM_SOURCES):
        raise bad_parameter("vendorSiteId", "Missing required parameter: vendorSiteId")
    system_id = service.add(new.vendorType, new.vendorSiteId, new.displayName, zone, owner=caller.account)
    return answer({"success": True, "id": system_id})


@router.get("/time-zones", summary="The time zones there are", responses=DONE)
def time_zones(_: AllowedCaller, services: ServicesDep) -> Response:
    """Names as `timeZone` takes them; `kept` is false while the database has no room for one."""
    return answer(
        {"success": True, "kept": services.store.detect_again().keeps_zones, "names": sorted(names())}
    )


@router.patch("/systems/{system_id}", summary="Rename, move in time, pause", responses=DONE)
async def edit(_: AllowedCaller, services: ServicesDep, system_id: int, change: Edited) -> Response:
    """Another time zone means other days: those that begin or end at another moment are computed anew.

    Another `offsetMin` takes the time zone away; the one that the system has keeps it.
    """
    moved = await run_in_threadpool(_edit, services, system_id, change)
    outcomes = await services.daily(DailyJob("catchup", system_id=system_id)) if moved else []
    return answer({"success": True, "recomputed": [asdict(one) for one in outcomes]})


@router.get("/systems/{system_id}/rows", summary="What removing would take away", responses=DONE)
def rows(_: AllowedCaller, services: ServicesDep, system_id: int) -> Response:
    """Rows by table, and when the first and the newest reading were taken."""
    system = known_system(services, system_id)
    counts = systems.count_rows(services.store, system_id)
    first_at, last_at = aggregates.extent(services.store, system_id) or (None, None)
    zone = zone_of(system)
    first = iso_or_none(zone, None if first_at is None else first_at + 1)
    return answer({"success": True, "rows": counts, "first": first, "last": iso_or_none(zone, last_at)})


@router.delete("/systems/{system_id}", summary="Remove a system with its readings", responses=DONE)
def remove(_: AllowedCaller, services: ServicesDep, system_id: int, order: Confirmed) -> Response:
    """For ever. `confirm` must be the system's name."""
    system = known_system(services, system_id)
    if order.confirm.strip() != system.display_name:
        raise ApiError(400, f"confirm must be {system.display_name!r}", parameter="confirm")
    return answer({"success": True, "removed": systems.remove_system(services.store, system_id)})


@router.get("/migrations", summary="The schema and what changed it", responses=DONE)
def migrations(service: AdminService) -> Response:
    """The ledger inside the database, and the runs beside it with their reports."""
    return answer({"success": True, **service.ledger()})


@router.get("/migrations/{run_id}/report", summary="The report of a migration", responses=DONE)
def report(service: AdminService, run_id: str, kind: Literal["md", "html"] = "md") -> Response:
    """Markdown as text, or the web page, which needs nothing from elsewhere."""
    content = service.report_file(run_id, kind).read_bytes()
    if kind == "md":
        return Response(content, media_type="text/plain; charset=utf-8")
    headers = {"content-security-policy": _policy(content)}
    return Response(content, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/health", summary="How collecting goes", responses=DONE)
def health(_: AllowedCaller, services: ServicesDep) -> Response:
    """The collector's own numbers, and its problems in words; `mqtt` says how telling by MQTT goes, and is
    null where this process does not tell."""
    told = services.announcing() if services.announcing else None
    collector = dict(services.collector_status())
    return answer(
        {"success": True, "role": services.role, "collector": collector, "mqtt": told and _camel(told)}
    )


def _camel(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The names of an answer."""
    return {
        "".join(part.capitalize() if place else part for place, part in enumerate(name.split("_"))): value
        for name, value in facts.items()
    }


def ndjson(steps: Iterator[Mapping[str, Any]]) -> Iterator[bytes]:
    """Each as a line of JSON, as soon as it is there."""
    return (orjson.dumps(step, option=orjson.OPT_APPEND_NEWLINE) for step in steps)


def _policy(page: bytes) -> str:
    """A report brings its own style, named here by its hash; nothing in it may run, load or submit."""
    hashes = [b64encode(sha256(text).digest()).decode() for text in STYLE.findall(page)]
    styles = " ".join(f"'sha256-{one}'" for one in hashes) or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; sandbox"
    )


def known_system(services: Services, system_id: int) -> System:
    system = systems.get_system(services.store, system_id)
    if system is None:
        raise ApiError(404, f"There is no system {system_id}.")
    return system


def _edit(services: Services, system_id: int, change: Edited) -> bool:
    """Whether the days of the system must be computed anew."""
    store = services.store
    system = known_system(services, system_id)
    before = (system.timezone_offset_min, system.time_zone)
    moving_min = change.offsetMin if change.offsetMin != system.timezone_offset_min else None
    zone = _zone(change.timeZone, moving_min, services.clock.now_at())
    offset_min, time_zone = (zone.offset_min, zone.name) if zone else before
    name = checked_name(change.displayName) if change.displayName else system.display_name
    moved = (offset_min, time_zone) != before
    if moved or name != system.display_name:
        systems.edit_system(
            store,
            system_id,
            display_name=name,
            timezone_offset_min=offset_min,
            time_zone=time_zone,
        )
    if change.isActive is not None:
        systems.set_active(store, system_id, change.isActive)
    return moved


def _zone(text: str | None, offset_min: int | None, now_at: float) -> Zone | None:
    """The zone that an order names, None where it names none. Raises BadInput."""
    if text is not None:
        return read_zone(text, now_at)
    return None if offset_min is None else Zone(offset_min)
