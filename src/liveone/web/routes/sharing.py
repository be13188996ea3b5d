"""A system shared: roles of people, invitations, and links for those without an account."""

import asyncio
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import Field

from liveone.accounts import links
from liveone.accounts.credentials import StoredCredential, new_secret, until
from liveone.accounts.links import NAME_MAX
from liveone.accounts.passwords import hash_password, hash_token
from liveone.accounts.people import NO_ROLES, OWNER
from liveone.errors import sentence
from liveone.web.answers import ApiError, answer
from liveone.web.auth.access import AllowedCaller, ServicesDep, gate_of, services_of
from liveone.web.auth.before_body import AskedFirst
from liveone.web.auth.rights import role_in
from liveone.web.openapi.models import DONE, RequestModel
from liveone.web.routes.administration import known_system
from liveone.web.routes.login import noted

router = APIRouter(route_class=AskedFirst, prefix="/api/systems/{system_id}", tags=["sharing"])
SHARES_MAX = 100
SHARE_DAYS_MAX = 366


class NewShare(RequestModel):
    """For how many days, what it is called in lists, and a password for whoever opens it, if any."""

    name: Annotated[str, Field(max_length=NAME_MAX)] = ""
    days: Annotated[int, Field(ge=1, le=SHARE_DAYS_MAX)] = 7
    password: Annotated[str, Field(max_length=200)] = ""


class Invitation(RequestModel):
    role: Literal["viewer", "admin"] = "viewer"


class Grant(RequestModel):
    role: Literal["viewer", "admin", "owner"]


@router.get("/sharing", summary="Who sees a system", responses=DONE)
def sharing(request: Request, caller: AllowedCaller, services: ServicesDep, system_id: int) -> Response:
    """People with their roles, share links, and invitations that wait. `yours` is your own role."""
    system, found = known_system(services, system_id), gate_of(request).snapshot
    now_at = services.clock.now_at()
    people = [
        {
            "id": account,
            "email": found.accounts[account].email if account in found.accounts else None,
            "name": found.accounts[account].name if account in found.accounts else "",
            "role": roles[system_id],
        }
        for account, roles in found.roles.items()
        if system_id in roles
    ]
    waiting = [
        {"id": one.label, "kind": one.kind, "name": one.name, "role": one.scope, "made": one.made_at,
         "until": one.until_at, "seen": one.seen_at, "hasPassword": bool(one.password_hash)}
        for one in found.credentials.values()
        if one.system_id == system_id and not one.has_ended(now_at)
    ]  # fmt: skip
    return answer(
        {
            "success": True,
            "system": {"id": system.id, "displayName": system.display_name},
            "yours": role_in(caller, system_id),
            "people": people,
            "shares": [one for one in waiting if one["kind"] == "share"],
            "invitations": [one for one in waiting if one["kind"] == "invite"],
        }
    )


@router.post("/shares", summary="Make a share link", responses=DONE)
async def share(
    request: Request, caller: AllowedCaller, services: ServicesDep, system_id: int, asked: NewShare
) -> Response:
    """Whoever has the link sees this one system until it ends, nothing else. `path` is shown this once."""
    gate = gate_of(request)
    system = await asyncio.to_thread(known_system, services, system_id)
    made = [
        one for one in gate.snapshot.credentials.values() if (one.kind, one.system_id) == ("share", system_id)
    ]
    if len(made) >= SHARES_MAX:
        raise ApiError(
            400,
            sentence("{name} has {count} share links.", name=system.display_name, count=SHARES_MAX),
            hint=sentence("Revoke some."),
        )
    secret, name = new_secret(), links.person_name(asked.name)
    kept = await to_thread.run_sync(hash_password, asked.password) if asked.password else ""
    until_at = until(asked.days, services.clock.now_at())
    account = caller.account or OWNER
    link = StoredCredential(
        "share", hash_token(secret), account, system_id, "read", name, kept, until_at=until_at
    )
    await to_thread.run_sync(gate.people.keep, link)
    await noted(request, caller.name, "made a share link", f"{system.display_name} for {asked.days} days")
    return answer({"success": True, "path": f"/s/{secret}", "id": link.label, "until": until_at})


@router.delete("/links/{label}", summary="Revoke a share link or an invitation", responses=DONE)
async def revoke_link(
    request: Request, caller: AllowedCaller, services: ServicesDep, system_id: int, label: str
) -> Response:
    """At once: pages and streams that it opened end."""
    for one in gate_of(request).snapshot.credentials.values():
        if one.is_of(system_id, "share", "invite") and one.label == label:
            await to_thread.run_sync(gate_of(request).people.end_one, one)
            await noted(
                request, caller.name, f"revoked a link ({one.kind})", f"system {system_id} {one.name}"
            )
            return answer({"success": True})
    raise ApiError(404, sentence("This system has no link {label}.", label=label[:20]))


@router.post("/invitations", summary="Invite somebody by a link", responses=DONE)
async def invite(
    request: Request, caller: AllowedCaller, services: ServicesDep, system_id: int, asked: Invitation
) -> Response:
    """Whoever follows the link, once and within a week, makes an account that has this role."""
    system = await asyncio.to_thread(known_system, services, system_id)
    people, now_at = gate_of(request).people, services.clock.now_at()

    def made() -> str:
        account = caller.account or OWNER
        return links.make(people, "invite", account, now_at, system_id=system_id, role=asked.role)

    secret = await to_thread.run_sync(made)
    await noted(request, caller.name, f"invited a {asked.role}", system.display_name)
    return answer({"success": True, "path": f"/join?token={secret}", "days": links.DAYS["invite"]})


@router.put("/people/{account}", summary="Give a role", responses=DONE)
async def grant(
    request: Request, caller: AllowedCaller, *, system_id: int, account: str, asked: Grant
) -> Response:
    """By account id or e-mail address. Another owner takes the place of the one before."""
    gate = gate_of(request)
    system = await asyncio.to_thread(known_system, services_of(request), system_id)
    user = gate.snapshot.accounts.get(account) or gate.snapshot.named(account)
    if user is None:
        raise ApiError(
            404,
            sentence("Nobody has the account {account}.", account=account[:100]),
            hint=sentence("Invite them by a link."),
        )
    before = gate.snapshot.roles.get(user.id, NO_ROLES).get(system_id)
    if before == "owner" and asked.role != "owner":
        raise ApiError(
            400,
            sentence("{email} owns this system.", email=user.email),
            hint=sentence("Make another account its owner first."),
        )
    await to_thread.run_sync(gate.people.grant, user.id, system_id, asked.role)
    await noted(request, caller.name, f"gave the role {asked.role}", f"{user.email}, {system.display_name}")
    return answer({"success": True})


@router.delete("/people/{account}", summary="Take a role", responses=DONE)
async def take(
    request: Request, caller: AllowedCaller, services: ServicesDep, system_id: int, account: str
) -> Response:
    """At once: the system does not exist for them any more."""
    gate = gate_of(request)
    if system_id not in gate.snapshot.roles.get(account, NO_ROLES):
        raise ApiError(404, sentence("{account} has no role in this system.", account=account[:100]))
    await to_thread.run_sync(gate.people.revoke, account, system_id)
    await noted(request, caller.name, "took the role", f"{account}, system {system_id}")
    return answer({"success": True})
