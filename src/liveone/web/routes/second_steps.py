"""A second step of one's own: an app for codes, passkeys, recovery codes; all of it asks for the password."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import Field

from liveone.accounts import second_steps, totp
from liveone.accounts.people import UPGRADE_FIRST
from liveone.accounts.second_steps import APP, PASSKEY, RECOVERY, SecondStep
from liveone.accounts.users import Account
from liveone.errors import BadInput, sentence
from liveone.web.answers import ApiError, answer
from liveone.web.auth import passkeys
from liveone.web.auth.access import AllowedCaller, gate_of, services_of
from liveone.web.auth.before_body import AskedFirst
from liveone.web.auth.callers import Caller
from liveone.web.auth.second_step import box_of
from liveone.web.openapi.models import DONE, RequestModel, ShownPasskey
from liveone.web.routes.login import device_name, noted, set_cookie
from liveone.web.routes.me import own_account, prove_password

router = APIRouter(route_class=AskedFirst, prefix="/api/me", tags=["yourself"])
PASSKEYS_MAX = 20
NO_ROOM = BadInput(sentence("this database has no room for second steps yet"), hint=UPGRADE_FIRST)


class Password(RequestModel):
    """Your password, as it is now."""

    password: Annotated[str, Field(max_length=1024)]


class AppCode(Password):
    """The `secret` that the app was given, and a code that it shows."""

    secret: Annotated[str, Field(max_length=totp.SECRET_CHARS)]
    code: Annotated[str, Field(max_length=40)]


@router.post("/app", summary="Begin with an app for codes", responses=DONE)
async def begin_app(request: Request, caller: AllowedCaller, asked: Password) -> Response:
    """`secret` and `address` for the app, `picture` as lines of a QR code. Nothing is kept yet."""
    user = await _proven(request, caller, asked.password)
    secret = totp.new_secret()
    address = totp.address(secret, user.email)
    shown = {"secret": secret, "address": address, "picture": totp.picture(address)}
    return answer({"success": True, **shown})


@router.put("/app", summary="Be asked for codes of an app", responses=DONE)
async def set_app_up(request: Request, caller: AllowedCaller, asked: AppCode) -> Response:
    """From now on, wherever your password opens your account. `recoveryCodes` are shown this once."""
    user, gate = await _proven(request, caller, asked.password), gate_of(request)
    now_at = services_of(request).clock.now_at()
    step = totp.matching_step(asked.secret, asked.code, now_at) if totp.is_secret(asked.secret) else None
    if step is None:
        raise BadInput(
            sentence("that is not the code of this app"),
            hint=sentence("Is the clock of the device right? Type the next code."),
        )
    keeping = partial(second_steps.set_app_up, gate.people, box_of(gate), user.id, asked.secret)
    await to_thread.run_sync(partial(keeping, used=step, now_at=now_at))
    await noted(request, caller.name, "set an app for codes up")
    return answer({"success": True, "recoveryCodes": await _first_codes(request, user)})


@router.delete("/app", summary="Be asked for codes no more", responses=DONE)
async def remove_app(request: Request, caller: AllowedCaller, asked: Password) -> Response:
    """Passkeys stay; without any, your password alone opens your account again."""
    user = await _proven(request, caller, asked.password)
    await _remove(request, user, APP)
    await noted(request, caller.name, "removed the app for codes")
    return answer({"success": True})


@router.post("/passkeys/ask", summary="Begin with a passkey", responses=DONE)
async def begin_passkey(request: Request, caller: AllowedCaller, asked: Password) -> Response:
    """`options` for `navigator.credentials.create`."""
    user, gate = await _proven(request, caller, asked.password), gate_of(request)
    mine = gate.snapshot.steps_of(user.id, PASSKEY)
    if len(mine) >= PASSKEYS_MAX:
        raise BadInput(
            sentence("you have many passkeys already"), hint=sentence("Remove those that nothing uses.")
        )
    options, challenge = await to_thread.run_sync(passkeys.asked_to_make, request, user.id, user.email, mine)
    begun = answer({"success": True, "options": options})
    now_at = services_of(request).clock.now_at()
    cookie = passkeys.cookie_of(gate.settings.session_key, challenge, user.id, now_at)
    set_cookie(request, begun, passkeys.COOKIE, cookie, passkeys.LIFETIME_S)
    return begun


@router.post("/passkeys", summary="Add a passkey", responses=DONE)
async def add_passkey(request: Request, caller: AllowedCaller, asked: ShownPasskey) -> Response:
    """It signs in by itself, and proves the second step. `recoveryCodes` are shown this once."""
    user, gate, clock = own_account(request, caller), gate_of(request), services_of(request).clock
    question = await to_thread.run_sync(passkeys.returned, request, gate, user.id, clock.now_at())
    found = await to_thread.run_sync(passkeys.made, request, user.id, question.challenge, asked.credential)
    await to_thread.run_sync(passkeys.use_up, gate, question, clock.now_at())
    name = f"{device_name(request)} ({request.url.hostname})"
    new = replace(found, name=name, made_at=int(clock.now_at()))
    done, *_ = await to_thread.run_sync(gate.people.write, [second_steps.adding(new)])
    if not done.rows:
        raise BadInput(sentence("that passkey is known here already"), hint=sentence("Use it to sign in."))
    await noted(request, caller.name, "added a passkey", name)
    return answer({"success": True, "id": new.label, "recoveryCodes": await _first_codes(request, user)})


@router.delete("/passkeys/{label}", summary="Remove a passkey", responses=DONE)
async def remove_passkey(request: Request, caller: AllowedCaller, label: str, asked: Password) -> Response:
    """It opens your account no more; sessions go on."""
    user = await _proven(request, caller, asked.password)
    gone = await _remove(request, user, PASSKEY, label)
    await noted(request, caller.name, "removed a passkey", gone.name)
    return answer({"success": True})


@router.post("/recovery-codes", summary="Other recovery codes", responses=DONE)
async def recovery_codes(request: Request, caller: AllowedCaller, asked: Password) -> Response:
    """Each opens your account once in place of the second step; those before count no more."""
    user, gate = await _proven(request, caller, asked.password), gate_of(request)
    if not gate.snapshot.steps_of(user.id):
        raise BadInput(
            sentence("there is no second step that they would replace"), hint=sentence("Set one up first.")
        )
    codes = await to_thread.run_sync(second_steps.new_recovery_codes, gate.people, user.id)
    await noted(request, caller.name, "made new recovery codes")
    return answer({"success": True, "recoveryCodes": codes})


async def _proven(request: Request, caller: Caller, password: str) -> Account:
    user = own_account(request, caller)
    if not gate_of(request).snapshot.keeps_steps:
        raise NO_ROOM
    await prove_password(request, user, password)
    return user


async def _first_codes(request: Request, user: Account) -> list[str] | None:
    """Recovery codes for who has none yet."""
    gate = gate_of(request)
    await gate.refresh()
    if gate.snapshot.of(user.id, RECOVERY):
        return None
    return await to_thread.run_sync(second_steps.new_recovery_codes, gate.people, user.id)


async def _remove(request: Request, user: Account, kind: str, label: str = "") -> SecondStep:
    gate = gate_of(request)
    mine = gate.snapshot.steps_of(user.id, kind)
    going = next((one for one in mine if label in ("", one.label)), None)
    if going is None:
        raise ApiError(404, sentence("You have no such second step."))
    await to_thread.run_sync(second_steps.remove, gate.people, going)
    return going
