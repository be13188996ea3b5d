"""The points of a system: what it measures beyond its balance, with the newest values; named, hidden,
removed."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from liveone.domain.bounds import soon_at
from liveone.domain.points import NAME_CHARS_MAX, KnownPoint
from liveone.domain.zones import Zone, zone_of
from liveone.errors import BadInput
from liveone.store import points
from liveone.web.answers import ApiError, answer
from liveone.web.auth.access import AllowedCaller, ServicesDep, services_of
from liveone.web.auth.before_body import AskedFirst
from liveone.web.openapi.models import DONE, Confirmed, RequestModel
from liveone.web.routes.administration import known_system
from liveone.web.routes.login import noted
from liveone.web.services import Services

router = APIRouter(route_class=AskedFirst, prefix="/api/systems/{system_id}/points", tags=["data"])
POSITION_MAX = 100_000


class PointChange(RequestModel):
    """What is left out stays as it is. `role` is `car`, `heat_pump`, `string`, ..., or empty."""

    name: Annotated[str | None, Field(max_length=NAME_CHARS_MAX)] = None
    role: Annotated[str | None, Field(max_length=40)] = None
    position: Annotated[int | None, Field(ge=0, le=POSITION_MAX)] = None
    hidden: bool | None = None


@router.get("", summary="What a system measures beyond its balance", responses=DONE)
def listed(
    _: AllowedCaller,
    services: ServicesDep,
    system_id: int,
    hidden: Annotated[bool, Query(description="those that are hidden, too")] = False,
) -> Response:
    """In the owner's order, each with its newest `value`, and `at`, when it was taken; both are null while
    there is none. `kept` is false while the database has no room for points (plan 0006). A history has them
    as the fields `point:<id>`, and where `hasEnergy`, `point_kwh:<id>`."""
    system, now_at = known_system(services, system_id), services.clock.now_at()
    zone = zone_of(system)
    found = points.newest_values(services.store, system.id, soon_at(now_at))
    return answer(
        {
            "success": True,
            "kept": services.store.shape.keeps_points,
            "now": zone.iso(int(now_at)),
            "points": [
                {**_facts(point), "at": _iso(zone, at), "value": value}
                for point, at, value in found
                if hidden or not point.hidden
            ],
        }
    )


@router.patch("/{point_id}", summary="Name, order or hide a point", responses=DONE)
def edit(
    _: AllowedCaller, services: ServicesDep, system_id: int, point_id: int, change: PointChange
) -> Response:
    """A hidden point is kept like any other."""
    _known_point(services, system_id, point_id)
    edited = points.edit_point(services.store, system_id, point_id, **change.model_dump())
    return answer({"success": True, "point": _facts(edited)})


@router.delete("/{point_id}", summary="Remove a point with all its values", responses=DONE)
async def remove(
    request: Request, caller: AllowedCaller, system_id: int, point_id: int, confirmed: Confirmed
) -> Response:
    """`confirm` is the point's name. What its device tells from now on makes it anew: hide it instead, if it
    is still told."""
    services = services_of(request)
    point = await to_thread.run_sync(_known_point, services, system_id, point_id)
    if confirmed.confirm != point.name:
        raise ApiError(400, f"Type the point's name, {point.name}, to remove it.", parameter="confirm")
    await to_thread.run_sync(points.remove_point, services.store, point)
    await noted(request, caller.name, "removed a point", f"{point.name} of system {system_id}")
    return answer({"success": True})


def _known_point(services: Services, system_id: int, point_id: int) -> KnownPoint:
    known_system(services, system_id)
    try:
        return points.find_point(services.store, system_id, point_id)
    except BadInput as error:
        raise ApiError(404, str(error.args[0])) from None


def _facts(point: KnownPoint) -> dict[str, Any]:
    return {
        "id": point.id,
        "source": point.source,
        "key": point.key,
        "name": point.name,
        "kind": point.kind,
        "role": point.role,
        "unit": point.unit,
        "position": point.position,
        "hidden": point.hidden,
        "hasEnergy": point.has_energy,
    }


def _iso(zone: Zone, at: int | None) -> str | None:
    return None if at is None else zone.iso(at)
