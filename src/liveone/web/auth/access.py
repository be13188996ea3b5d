"""Checks requests against the table of rights.

A system that a caller may not see does not exist for them (404).
"""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.concurrency import run_in_threadpool

from liveone.domain.system import System
from liveone.store import systems
from liveone.store.store import Store
from liveone.web.answers import ApiError, bad_parameter
from liveone.web.auth import sessions
from liveone.web.auth.callers import Authenticator, Caller, TooManyGuesses, address_of
from liveone.web.auth.credential import COOKIE, bearer_of
from liveone.web.auth.rights import Right, may, right_of
from liveone.web.services import Services

PATIENCE_S = 2.0
DIGITS_MAX = 18
"""No number of 64 bits has more."""

Looked = TypeVar("Looked")
Owner = Annotated[str | None, Security(APIKeyCookie(name=COOKIE, scheme_name="owner", auto_error=False))]
Session = Annotated[
    str | None, Security(APIKeyCookie(name=sessions.COOKIE, scheme_name="session", auto_error=False))
]
Bearer = Annotated[object, Security(HTTPBearer(scheme_name="token", auto_error=False))]
CronSecret = Annotated[object, Security(HTTPBearer(scheme_name="cron secret", auto_error=False))]
NO_SYSTEM = "No system is set up here yet. Add one with `liveone systems add`."
NOTHING_SHARED = "No system is shared with you yet. Ask whoever owns one, or an administrator, to share it."
REFUSED = {
    Right.SEE: "You may not see this.",
    Right.SIGNED_IN: "A share link shows its one system, and nothing else.",
    Right.PERSON: "Only a person who signed in may do this, in their browser; no API token may.",
    Right.MANAGE: "You may see this system, and not change it. Ask its owner.",
    Right.OWN: "Only the owner of this system may do this.",
    Right.ADMINISTRATOR: "Only an administrator may see this.",
}


def services_of(request: Request) -> Services:
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


def gate_of(request: Request) -> Authenticator:
    gate = request.app.state.gate
    assert isinstance(gate, Authenticator)
    return gate


async def asking(
    request: Request, _owner: Owner = None, _session: Session = None, _bearer: Bearer = None
) -> Caller:
    """The caller of a request, found once; the schemes are only for the API's description."""
    known = getattr(request.state, "caller", None)
    if isinstance(known, Caller):
        return known
    gate, clock = gate_of(request), services_of(request).clock
    await gate.refresh_for(request, clock.now_at())
    found = await _in_turn(
        request, lambda: gate.caller(request, now_at=clock.now_at(), now_s=clock.monotonic_s())
    )
    if gate.is_long_unseen(found, clock.now_at()):
        await run_in_threadpool(gate.saw, found, clock.now_at(), address_of(request))
    request.state.caller = found
    return found


async def allowed(
    request: Request, _owner: Owner = None, _session: Session = None, _bearer: Bearer = None
) -> Caller:
    """The caller, if the table of rights allows the request. Raises ApiError 401, 403, 404, 429."""
    caller = await asking(request)
    right, system_id = right_of(request.method, _path_of(request)), _system_of(request)
    if may(caller, right, system_id):
        return caller
    if system_id is not None and not may(caller, Right.SEE, system_id):
        raise ApiError(404, f"There is no system {system_id} that you may see.")
    raise ApiError(403, REFUSED[right])


async def require(request: Request) -> None:
    """Raises ApiError unless the table of rights allows the request."""
    right = right_of(request.method, _path_of(request))
    if right is Right.CRON:
        await cron_caller(request)
    elif right is Right.CRON_OR_ADMINISTRATOR:
        await cron_or_administrator(request)
    elif right is not Right.ANYBODY:
        await allowed(request)


def _path_of(request: Request) -> str:
    return str(request.scope["route"].path)


def _system_of(request: Request) -> int | None:
    """The system in the address, or None."""
    text = str(request.path_params.get("system_id", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 * DIGITS_MAX else None


async def _services(request: Request) -> Services:
    return services_of(request)


async def cron_caller(request: Request, _secret: CronSecret = None) -> None:
    clock = services_of(request).clock
    await _in_turn(request, lambda: gate_of(request).cron(request, clock.monotonic_s()))


async def cron_or_administrator(
    request: Request, _secret: CronSecret = None, _owner: Owner = None, _session: Session = None
) -> None:
    """For the daily job, which the original service also let the owner start with the pages' cookie."""
    if bearer_of(request):
        await cron_caller(request)
    elif not may(await asking(request), Right.ADMINISTRATOR):
        raise ApiError(403, REFUSED[Right.ADMINISTRATOR])


async def _in_turn(request: Request, look: Callable[[], Looked]) -> Looked:
    """Check a credential; after too many wrong guesses from its address, check it again a little later."""
    try:
        return look()
    except TooManyGuesses as too_many:
        if too_many.wait_s > PATIENCE_S:
            raise
        await services_of(request).clock.sleep(too_many.wait_s + 0.01)
        return look()


CallerDep = Annotated[Caller, Depends(asking)]
AllowedCaller = Annotated[Caller, Depends(allowed)]
CronCaller = Depends(cron_caller)
CronOrAdministrator = Depends(cron_or_administrator)
ServicesDep = Annotated[Services, Depends(_services)]


def systems_for(store: Store, caller: Caller) -> list[System]:
    """Every system that the caller may see, in the order of their ids."""
    return systems.list_systems(store) if caller.sees_all else systems.some_systems(store, caller.roles)


def system_for(store: Store, caller: Caller, system_id: str | None) -> System:
    """The requested system, or the caller's first.

    Raises ApiError: 400 for an id that is no number, 404 for a system that the caller may not see or if they
    see none, 503 if there is no system at all.
    """
    visible = systems_for(store, caller)
    if system_id is None and not visible and not caller.sees_all:
        raise ApiError(404, NOTHING_SHARED)
    return chosen(visible, system_id)


def chosen(visible: Sequence[System], system_id: str | None) -> System:
    """As ``system_for``, given the systems that the caller may see."""
    if system_id is None:
        if not visible:
            raise ApiError(503, NO_SYSTEM)
        return visible[0]
    number = system_number("systemId", system_id)
    found = next((system for system in visible if system.id == number), None)
    if found is None:
        raise ApiError(404, f"There is no system {number} that you may see.", parameter="systemId")
    return found


def system_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise bad_parameter(name, f"{name} must be the number of a system: {text[:40]!r}")
    if len(text) > DIGITS_MAX:
        raise ApiError(404, f"There is no system {text[:40]} that you may see.", parameter=name)
    return int(text)
