"""What administrators do about people: invite, disable, remove, a link for a new password; the audit log."""

from dataclasses import asdict, replace
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from liveone.accounts import audit, links
from liveone.accounts.people import OWNER
from liveone.accounts.users import Account
from liveone.errors import sentence
from liveone.web.answers import ApiError, answer
from liveone.web.auth.access import AllowedCaller, ServicesDep, gate_of
from liveone.web.auth.before_body import AskedFirst
from liveone.web.openapi.models import DONE, Confirmed, RequestModel
from liveone.web.routes.login import noted

router = APIRouter(route_class=AskedFirst, prefix="/api/admin", tags=["people"])


class AccountChange(RequestModel):
    isDisabled: bool | None = None  # noqa: N815
    isAdmin: bool | None = None  # noqa: N815


@router.post("/users/invite", summary="Invite somebody without a system", responses=DONE)
async def invite(request: Request, caller: AllowedCaller, services: ServicesDep) -> Response:
    """Whoever follows the link, once and within a week, makes an account; share systems with it later."""
    people, now_at = gate_of(request).people, services.clock.now_at()
    secret = await to_thread.run_sync(links.make, people, "invite", caller.account or OWNER, now_at)
    await noted(request, caller.name, "invited somebody")
    return answer({"success": True, "path": f"/join?token={secret}", "days": links.DAYS["invite"]})


@router.post("/users/{account}/reset", summary="A link for a new password", responses=DONE)
async def reset(request: Request, caller: AllowedCaller, services: ServicesDep, account: str) -> Response:
    """It holds once and for a day; the old password holds until it was used."""
    user, people, now_at = _known(request, account), gate_of(request).people, services.clock.now_at()
    secret = await to_thread.run_sync(links.make, people, "reset", user.id, now_at)
    await noted(request, caller.name, "made a link for a new password", user.email)
    return answer({"success": True, "path": f"/join?token={secret}", "days": links.DAYS["reset"]})


@router.patch("/users/{account}", summary="Disable, enable, make an administrator", responses=DONE)
async def change(request: Request, caller: AllowedCaller, account: str, asked: AccountChange) -> Response:
    """A disabled account is out at once; its tokens, roles and systems wait for it."""
    user, people = _known(request, account), gate_of(request).people
    now = int(request.app.state.services.clock.now_at())
    changed = user
    if asked.isAdmin is not None:
        changed = replace(changed, is_admin=asked.isAdmin)
    if asked.isDisabled is not None:
        changed = replace(changed, disabled_at=now if asked.isDisabled else None)
    if not changed.is_admin or changed.is_disabled:
        _refuse_last(request, user)
    await to_thread.run_sync(people.change, changed)
    if changed.is_disabled:
        await to_thread.run_sync(people.end_of, user.id, "session", "reset")
    for what, was, now_is in (("administrator", user.is_admin, changed.is_admin),
                              ("disabled", user.is_disabled, changed.is_disabled)):  # fmt: skip
        if was != now_is:
            await noted(request, caller.name, f"{what}: {'yes' if now_is else 'no'}", user.email)
    return answer({"success": True})


@router.delete("/users/{account}", summary="Remove an account", responses=DONE)
async def remove(request: Request, caller: AllowedCaller, account: str, order: Confirmed) -> Response:
    """`confirm` must be its e-mail address. Sessions, tokens, share links and roles go; systems stay."""
    user = _known(request, account)
    if order.confirm.strip() != user.email:
        raise ApiError(400, sentence("confirm must be {name}", name=repr(user.email)), parameter="confirm")
    _refuse_last(request, user)
    await to_thread.run_sync(gate_of(request).people.remove, user.id)
    await noted(request, caller.name, "removed an account", user.email)
    return answer({"success": True})


@router.get("/audit", summary="Who did what", responses=DONE)
def audit_log(
    request: Request,
    _: AllowedCaller,
    before: Annotated[int | None, Query(ge=1, description="only entries before this one")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Newest first; `at` in UTC epoch seconds."""
    gate = gate_of(request)
    names = {one.id: one.email for one in gate.snapshot.accounts.values()}
    found = audit.listed(gate.people, most=limit, before=before)
    rows: list[dict[str, Any]] = [asdict(one) | {"email": names.get(one.who)} for one in found]
    return answer({"success": True, "days": audit.KEPT_DAYS, "entries": rows})


def _known(request: Request, account: str) -> Account:
    user = gate_of(request).snapshot.accounts.get(account)
    if user is None:
        raise ApiError(404, sentence("There is no account {account}.", account=account[:100]))
    return user


def _refuse_last(request: Request, user: Account) -> None:
    """Somebody must be left who may administer."""
    gate = gate_of(request)
    others = [one for one in gate.snapshot.administrators if one.id != user.id]
    if user in gate.snapshot.administrators and not others and not gate.settings.auth_password:
        raise ApiError(
            400,
            sentence("{email} is the only administrator.", email=user.email),
            hint=sentence("Make another one first."),
        )
