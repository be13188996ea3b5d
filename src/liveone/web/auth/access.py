"""What a caller may see: the systems it owns or was given; another's system does not exist for it (404)."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from liveone.domain.system import System
from liveone.store import systems
from liveone.store.store import Store
from liveone.web.answers import ApiError, bad_parameter
from liveone.web.auth import sessions
from liveone.web.auth.callers import COOKIE, Authenticator, Caller, TooManyGuesses, bearer_of
from liveone.web.services import Services

PATIENCE_S = 2.0
DIGITS_MAX = 18
"""A number of 64 bits has no more."""

Looked = TypeVar("Looked")
Owner = Annotated[str | None, Security(APIKeyCookie(name=COOKIE, scheme_name="owner", auto_error=False))]
Session = Annotated[
    str | None, Security(APIKeyCookie(name=sessions.COOKIE, scheme_name="session", auto_error=False))
]
Bearer = Annotated[object, Security(HTTPBearer(scheme_name="token", auto_error=False))]
CronSecret = Annotated[object, Security(HTTPBearer(scheme_name="cron secret", auto_error=False))]
NO_SYSTEM = "No system is set up here yet. Add one with `liveone systems add`."


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
    """Who asks; the schemes are for the API's description alone."""
    clock = services_of(request).clock
    return await _in_turn(
        request,
        lambda: gate_of(request).caller(request, now_at=clock.now_at(), now_s=clock.monotonic_s()),
    )


async def _services(request: Request) -> Services:
    return services_of(request)


async def administrator(
    request: Request, _owner: Owner = None, _session: Session = None, _bearer: Bearer = None
) -> Caller:
    caller = await asking(request)
    if not caller.is_admin:
        raise ApiError(403, "Only an administrator may see this.")
    return caller


async def cron_caller(request: Request, _secret: CronSecret = None) -> None:
    clock = services_of(request).clock
    await _in_turn(request, lambda: gate_of(request).cron(request, clock.monotonic_s()))


async def cron_or_administrator(
    request: Request, _secret: CronSecret = None, _owner: Owner = None, _session: Session = None
) -> None:
    """As the original service let the owner order days with the cookie of the pages."""
    await (cron_caller(request) if bearer_of(request) else administrator(request))


async def _in_turn(request: Request, look: Callable[[], Looked]) -> Looked:
    """Look at a credential; where others guessed too often from its address, once more a little later."""
    try:
        return look()
    except TooManyGuesses as too_many:
        if too_many.wait_s > PATIENCE_S:
            raise
        await services_of(request).clock.sleep(too_many.wait_s + 0.01)
        return look()


CallerDep = Annotated[Caller, Depends(asking)]
Administrator = Annotated[Caller, Depends(administrator)]
CronCaller = Depends(cron_caller)
CronOrAdministrator = Depends(cron_or_administrator)
ServicesDep = Annotated[Services, Depends(_services)]


def systems_for(store: Store, caller: Caller) -> list[System]:
    """Every system that the caller may see, in the order of their ids."""
    if caller.is_admin or caller.account is None:
        return systems.list_systems(store)
    return systems.systems_of(store, caller.account)


def system_for(store: Store, caller: Caller, system_id: str | None) -> System:
    """The system asked for, or the caller's first.

    Raises ApiError: 400 for an id that is no number, 404 for a system that the caller may not see,
    503 when there is no system at all.
    """
    return chosen(systems_for(store, caller), system_id)


def chosen(visible: Sequence[System], system_id: str | None) -> System:
    """As ``system_for``, of the systems that the caller may see."""
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
