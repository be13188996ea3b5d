"""What administrators do with the devices that a system is made of: look, test, add, remove."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from starlette.responses import StreamingResponse

from liveone.domain.sources import NAME_CHARS_MAX
from liveone.web.answers import NO_STORE, ApiError, answer
from liveone.web.auth.access import AllowedCaller, ServicesDep
from liveone.web.auth.audited import about
from liveone.web.auth.before_body import AskedFirst
from liveone.web.openapi.models import DONE, RequestModel
from liveone.web.routes.administration import LINES, STEP_LINES, known_system, ndjson
from liveone.web.services import SourceAdministration, SourceOrder

router = APIRouter(route_class=AskedFirst, prefix="/api/admin", tags=["admin"])
Role = Annotated[str, Field(max_length=20)]
Place = Annotated[str, Field(min_length=1, max_length=100)]
Value = str | bool | int | float


class SourceForm(RequestModel):
    """`settings` by the names of the parameters that its kind declares; `roles` empty: all that it gives."""

    vendorType: Annotated[str, Field(max_length=40)]  # noqa: N815
    name: Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MAX)]
    site: Annotated[str, Field(max_length=64)] = ""
    roles: Annotated[list[Role], Field(max_length=5, default_factory=list)]
    settings: Annotated[dict[str, Value], Field(max_length=40, default_factory=dict)]


class LookForm(RequestModel):
    """`places` are addresses, names and networks; none: the server's own subnet."""

    places: Annotated[list[Place], Field(max_length=16, default_factory=list)]


async def _houses(_: AllowedCaller, services: ServicesDep) -> SourceAdministration:
    if services.sources is None:
        raise ApiError(503, "This server was started without its administration.")
    return services.sources


Houses = Annotated[SourceAdministration, Depends(_houses)]


@router.get("/source-kinds", summary="The kinds of devices there are", responses=DONE)
def kinds(houses: Houses) -> Response:
    """What each gives, and the parameters that it must be told; a form is made of them. `kept` is false while
    the database has no room for sources (plan 0005)."""
    return answer({"success": True, "kept": houses.are_kept(), "kinds": houses.kinds()})


@router.post(
    "/source-look",
    summary="Look for devices on the local network",
    response_class=Response,
    responses=STEP_LINES,
)
def look(houses: Houses, form: LookForm) -> Response:
    """Only reads, only at private addresses, at most 1,024 of them, one look at a time.

    A line of JSON for each device as soon as it is found (`host`, `vendorType`, `title`, `settings`, `seen`),
    and lines that say how far it has come (`looked` of `places`); ends within a minute and a half.
    """
    return StreamingResponse(ndjson(houses.look(form.places)), media_type=LINES, headers=NO_STORE)


@router.get("/systems/{system_id}/sources", summary="What a system is made of", responses=DONE)
def listed(houses: Houses, services: ServicesDep, system_id: int) -> Response:
    """Its devices with their roles and settings, without secrets."""
    known_system(services, system_id)
    return answer({"success": True, "sources": houses.listed(system_id)})


@router.post(
    "/systems/{system_id}/sources/check",
    summary="Test a device before it is added",
    response_class=Response,
    responses=STEP_LINES,
)
def check(houses: Houses, services: ServicesDep, system_id: int, form: SourceForm) -> Response:
    """One line of JSON a step, as soon as it ended; ends with the first that fails."""
    known_system(services, system_id)
    steps = houses.check(_order(system_id, form))
    return StreamingResponse(ndjson(steps), media_type=LINES, headers=NO_STORE)


@router.post("/systems/{system_id}/sources", summary="Add a device to a system", responses=DONE)
def add(
    request: Request, houses: Houses, services: ServicesDep, system_id: int, form: SourceForm
) -> Response:
    """It counts within a minute. One that sends by itself (`push`) gets a `token`, shown this once."""
    about(request, form.name)
    known_system(services, system_id)
    return answer({"success": True, **houses.add(_order(system_id, form))})


@router.delete("/systems/{system_id}/sources/{name}", summary="Remove a device from a system", responses=DONE)
def remove(houses: Houses, services: ServicesDep, system_id: int, name: str) -> Response:
    """The readings that it was part of stay."""
    known_system(services, system_id)
    houses.remove(system_id, name)
    return answer({"success": True})


def _order(system_id: int, form: SourceForm) -> SourceOrder:
    return SourceOrder(system_id, form.vendorType, form.name, form.site, form.roles, form.settings)
