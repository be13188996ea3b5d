"""Paths of the original service that our own pages have others for; its clients call them as before."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from liveone.domain.system import System
from liveone.store import systems
from liveone.web.answers import ApiError, answer
from liveone.web.auth.access import AllowedCaller, CallerDep, ServicesDep, systems_for
from liveone.web.auth.audited import about, only_tried
from liveone.web.auth.before_body import AskedFirst
from liveone.web.auth.callers import Caller
from liveone.web.history import original
from liveone.web.openapi.models import DONE
from liveone.web.routes.administration import AdminService, administration
from liveone.web.services import Services

router = APIRouter(route_class=AskedFirst, prefix="/api", tags=["as the original service"])
VENDOR = "select.live"
ASK_SOMEBODY = "Ask an administrator to add the system, or to give you a role in it."


class Tested(BaseModel):
    """Which connection to test; ``ownerClerkUserId`` is not needed: logins stand in the settings."""

    model_config = ConfigDict(extra="ignore")
    vendorType: Annotated[str, Field(max_length=40)]  # noqa: N815
    vendorSiteId: Annotated[str, Field(max_length=64)]  # noqa: N815


class Wished(BaseModel):
    """The number of an inverter at select.live."""

    model_config = ConfigDict(extra="ignore")
    systemNumber: Annotated[str | int, Field(examples=["1586"])]  # noqa: N815


@router.get("/auth/check-admin", summary="Are you an administrator?", responses=DONE)
def check_admin(caller: CallerDep) -> Response:
    """`isAdmin` says it."""
    return answer({"success": True, "isAdmin": caller.is_admin})


@router.post("/admin/test-connection", summary="Test a connection", responses=DONE)
def connection(service: AdminService, services: ServicesDep, site: Tested) -> Response:
    """`latest` is the sample that was fetched, `steps` how far the test came; `/api/admin/check` brings each
    step as it ends."""
    steps = list(service.check(site.vendorType, site.vendorSiteId))
    return answer(original.tested(steps, original.UTC.iso(services.clock.now_at())))


@router.get("/setup", summary="Your systems with your role in each", responses=DONE)
def linked_systems(caller: AllowedCaller, services: ServicesDep) -> Response:
    """As `/api/systems`, in the original service's form."""
    found = [
        original.linked(system, _role(services, caller, system))
        for system in systems_for(services.store, caller)
    ]
    return answer({"success": True, "systems": found, "count": len(found)})


@router.post("/setup", summary="Add a system of select.live", responses=DONE)
def set_up(request: Request, caller: AllowedCaller, services: ServicesDep, wished: Wished) -> Response:
    """One that you may see already is found. A new one is added by administrators only, and its days are
    counted at +10:00 until somebody names its zone. (The original service let anybody see a system who knew
    its number.)"""
    number = str(wished.systemNumber).strip()
    visible = systems_for(services.store, caller)
    known = next((one for one in visible if (one.vendor_type, one.vendor_site_id) == (VENDOR, number)), None)
    about(request, f"System {number}")
    if known is not None:
        only_tried(request)
        fields = {"systemId": known.id, "role": _role(services, caller, known)}
        return answer({"success": True, "message": "You already have access to this system", **fields})
    if not caller.is_admin:
        raise ApiError(403, f"There is no system {number[:40]} that you may see.", hint=ASK_SOMEBODY)
    added = administration(services).add(VENDOR, number, "", original.SYSTEM_ZONE, owner=caller.account)
    return answer({"success": True, "message": "System created", "systemId": added, "role": "owner"})


def _role(services: Services, caller: Caller, system: System) -> str:
    """The role that the caller was given; who sees everything without one is an administrator."""
    given = systems.role_of(services.store, caller.account, system.id) if caller.account else None
    return given or "admin"
