"""A person's own: name, language, password, sessions, API tokens."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import Field

from liveone.accounts import links
from liveone.accounts.credentials import DAYS_MAX, StoredCredential, new_secret, until
from liveone.accounts.external.identities import has_password, identities_of
from liveone.accounts.links import NAME_MAX
from liveone.accounts.passwords import hash_password, hash_token, refuse_weak
from liveone.accounts.people import OWNER, People, PeopleSnapshot
from liveone.accounts.second_steps import APP, PASSKEY, RECOVERY, SecondStep
from liveone.accounts.users import Account
from liveone.errors import BadInput, sentence
from liveone.web.answers import ApiError, answer
from liveone.web.auth.access import AllowedCaller, ServicesDep, gate_of, systems_for
from liveone.web.auth.before_body import AskedFirst
from liveone.web.auth.callers import Caller
from liveone.web.auth.counted_guess import is_password
from liveone.web.auth.rights import role_in
from liveone.web.openapi.models import DONE, RequestModel
from liveone.web.routes.joining import LinkToken
from liveone.web.routes.login import noted, set_language, sign_in

router = APIRouter(route_class=AskedFirst, prefix="/api/me", tags=["yourself"])
TOKENS_MAX = 100
IN_SETTINGS = ApiError(
    400,
    sentence("The owner's password is AUTH_PASSWORD of the settings."),
    hint=sentence("Change it there."),
)


class Profile(RequestModel):
    name: Annotated[str, Field(max_length=NAME_MAX)] | None = None
    language: Annotated[str, Field(pattern="^[a-z]{2,3}$")] | None = None


class PasswordChange(RequestModel):
    current: Annotated[str, Field(max_length=1024)]
    password: Annotated[str, Field(max_length=1024)]


class NewToken(RequestModel):
    """What it is for, what it may do, and for how many days; without `days` it does not end by itself."""

    name: Annotated[str, Field(max_length=NAME_MAX)] = ""
    scope: Literal["read", "write", "admin"] = "read"
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)] | None = None


@router.get("", summary="Who you are", responses=DONE)
def me(request: Request, caller: AllowedCaller, services: ServicesDep) -> Response:
    """Your account with the systems you may see and your role in each, sessions and tokens."""
    found, now_at = gate_of(request).snapshot, services.clock.now_at()
    user = found.accounts.get(caller.account or "")
    mine = [one for one in found.of(caller.account or OWNER, "session", "token") if not one.has_ended(now_at)]
    return answer(
        {
            "success": True,
            "account": account_json(user) if user else None,
            "hasPassword": user is not None and has_password(user),
            "isAdmin": caller.is_admin,
            "inDatabase": found.are_kept,
            "systems": [
                {"id": one.id, "displayName": one.display_name, "role": role_in(caller, one.id)}
                for one in systems_for(services.store, caller)
            ],
            "sessions": [
                session_json(one) | {"isThis": one.id == caller.kept_id}
                for one in mine
                if one.kind == "session"
            ],
            "tokens": [token_json(one) for one in mine if one.kind == "token"],
            "identities": [
                {"id": one.label, "name": one.name, "since": one.made_at}
                for one in identities_of(found, caller.account or OWNER)
            ],
            "secondStep": steps_json(found, caller.account or OWNER),
            "places": [
                {"name": one.config.name, "title": one.config.label}
                for one in gate_of(request).settings.issuers
                if one.config.client_id
            ],
        }
    )


@router.patch("", summary="Name and language", responses=DONE)
async def edit(request: Request, caller: AllowedCaller, profile: Profile) -> Response:
    """What LiveOne calls you, and the language of its pages."""
    user = own_account(request, caller)
    name = user.name if profile.name is None else links.person_name(profile.name)
    language = user.language if profile.language is None else profile.language
    await to_thread.run_sync(_people(request).change, replace(user, name=name, language=language))
    kept = answer({"success": True})
    if language:
        set_language(kept, language)
    return kept


@router.post("/password", summary="Another password", responses=DONE)
async def change_password(request: Request, caller: AllowedCaller, asked: PasswordChange) -> Response:
    """Ends every other session of yours; this one goes on anew. Tokens stay: revoke them apart."""
    user, gate = own_account(request, caller), gate_of(request)
    refuse_weak(asked.password)
    await prove_password(request, user, asked.current)
    kept = await to_thread.run_sync(hash_password, asked.password, limiter=gate.one_guess_at_a_time)
    people = _people(request)
    await to_thread.run_sync(people.change, replace(user, password_hash=kept))
    await to_thread.run_sync(people.end_of, user.id, "session", "reset")
    await gate.refresh()
    await noted(request, caller.name, "changed their password")
    changed = answer({"success": True})
    await sign_in(request, changed, user.id)
    return changed


@router.delete("/sessions/{label}", summary="End a session", responses=DONE)
async def end_session(request: Request, caller: AllowedCaller, label: str) -> Response:
    """By its id; `others` ends all but this one."""
    people, account = _people(request), caller.account or OWNER
    if label == "others":
        ended = await asyncio.to_thread(people.end_of, account, "session", but=caller.kept_id)
    else:
        await to_thread.run_sync(people.end_one, _mine(request, caller, "session", label))
        ended = 1
    await noted(request, caller.name, "ended sessions", str(ended))
    return answer({"success": True, "ended": ended})


@router.post("/tokens", summary="Make an API token", responses=DONE)
async def make_token(
    request: Request, caller: AllowedCaller, services: ServicesDep, asked: NewToken
) -> Response:
    """`token` is shown this once; only its hash is kept."""
    people, account = _people(request), caller.account or OWNER
    if len(gate_of(request).snapshot.of(account, "token")) >= TOKENS_MAX:
        raise ApiError(
            400,
            sentence("You have {count} tokens.", count=TOKENS_MAX),
            hint=sentence("Revoke those that nothing uses."),
        )
    token, until_at = new_secret("lo_"), until(asked.days, services.clock.now_at())
    name = links.person_name(asked.name)
    kept = StoredCredential(
        "token", hash_token(token), account, scope=asked.scope, name=name, until_at=until_at
    )
    await to_thread.run_sync(people.keep, kept)
    await noted(request, caller.name, f"made a token with the scope {asked.scope}", name)
    return answer({"success": True, "token": token, "id": kept.label})


@router.delete("/tokens/{label}", summary="Revoke an API token", responses=DONE)
async def revoke_token(request: Request, caller: AllowedCaller, label: str) -> Response:
    """At once; streams that it opened end."""
    going = _mine(request, caller, "token", label)
    await to_thread.run_sync(_people(request).end_one, going)
    await noted(request, caller.name, "revoked a token", going.name or label)
    return answer({"success": True})


@router.post("/invitations", summary="Accept an invitation", responses=DONE)
async def accept(
    request: Request, caller: AllowedCaller, services: ServicesDep, asked: LinkToken
) -> Response:
    """For your account as it is: it has the role of the invitation from now on, and the link is used."""
    if caller.sees_all:
        raise BadInput(
            sentence("you see every system here already"),
            hint=sentence("The invitation still holds: pass it on, or sign out first."),
        )
    user, gate = own_account(request, caller), gate_of(request)
    accepting = partial(links.accept, gate.people, asked.token, user.id, services.clock.now_at())
    link = await to_thread.run_sync(accepting)
    await noted(request, caller.name, f"accepted the role {link.scope}", f"system {link.system_id}")
    return answer({"success": True, "systemId": link.system_id, "role": link.scope})


def account_json(user: Account) -> dict[str, Any]:
    """An account as the API shows it."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "language": user.language,
        "isAdmin": user.is_admin,
        "isDisabled": user.is_disabled,
    }


def session_json(one: StoredCredential) -> dict[str, Any]:
    return {"id": one.label, "device": one.name, "since": one.made_at, "seen": one.seen_at or one.made_at}


def token_json(one: StoredCredential) -> dict[str, Any]:
    seen_at = one.seen_at
    return {"id": one.label, "name": one.name, "scope": one.scope, "made": one.made_at, "until": one.until_at,
            "seen": seen_at}  # fmt: skip


def steps_json(found: PeopleSnapshot, account: str) -> dict[str, Any]:
    """What an account is asked for besides its password, as the API shows it."""
    mine = found.steps_of(account)
    return {
        "kept": found.keeps_steps,
        "app": next((_step_json(one) for one in mine if one.kind == APP), None),
        "passkeys": [_step_json(one) for one in mine if one.kind == PASSKEY],
        "recoveryCodes": len(found.of(account, RECOVERY)),
    }


async def prove_password(request: Request, user: Account, password: str) -> None:
    """Raises BadInput for another than the account's password, ApiError 429 for many of them."""
    if not has_password(user):
        raise BadInput(
            sentence("your account has no password: you sign in elsewhere"),
            hint=sentence("Set a second step up there, or ask an administrator for a link for a password."),
        )
    if not await is_password(request, f"me {user.id}", password, user.password_hash):
        raise BadInput(sentence("that is not your password"))


def own_account(request: Request, caller: Caller) -> Account:
    """The account of who asks. Raises ApiError 400 for the single owner, who has none."""
    user = gate_of(request).snapshot.accounts.get(caller.account or "")
    if user is None:
        raise IN_SETTINGS
    return user


def _people(request: Request) -> People:
    return gate_of(request).people


def _mine(request: Request, caller: Caller, kind: str, label: str) -> StoredCredential:
    found: PeopleSnapshot = gate_of(request).snapshot
    for one in found.of(caller.account or OWNER, kind):
        if one.label == label:
            return one
    raise ApiError(404, sentence("You have no {kind} {label}.", kind=kind, label=label[:20]))


def _step_json(one: SecondStep) -> dict[str, Any]:
    return {"id": one.label, "name": one.name, "since": one.made_at, "seen": one.seen_at}
