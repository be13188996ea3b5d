"""Signing in and out: the session cookie that the pages use."""

from collections.abc import Sequence
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Body, Request, Response

from liveone.accounts.users import Account
from liveone.web.answers import ApiError, answer, log
from liveone.web.auth import sessions
from liveone.web.auth.access import gate_of, services_of
from liveone.web.auth.callers import OWNER, Authenticator, TooManyGuesses, address_of
from liveone.web.auth.passwords import same_password, verify_password
from liveone.web.history import original
from liveone.web.openapi.models import Credentials, Done, Failure, SignedIn

router = APIRouter(prefix="/api/auth", tags=["sign in"])
WRONG = ApiError(401, "That e-mail and password do not belong together.")
NOTHING_TO_CHECK = ApiError(400, "No password or account is configured on this server; none is needed.")
MOST_WAITING = 20
PATIENCE_S = 5.0
"""So long an attempt waits for its turn; who would have to wait longer is told so."""

DECOY = "scrypt$14$8$5$bm9ib2R5bm9ib2R5bm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""Makes an unknown e-mail cost what a wrong password costs; no password matches it."""


@router.post(
    "/login",
    summary="Sign in",
    responses={
        200: {"model": SignedIn, "description": "Signed in; the session cookie is set."},
        400: {"model": Failure, "description": "Nothing to sign in to."},
        401: {"model": Failure, "description": "Wrong e-mail or password."},
        429: {"model": Failure, "description": "Too many wrong passwords from this address."},
    },
)
async def login(request: Request, offered: Annotated[Credentials, Body()]) -> Response:
    """With a single owner any e-mail will do; the password is AUTH_PASSWORD."""
    gate, clock = gate_of(request), services_of(request).clock
    if gate.is_open:
        raise NOTHING_TO_CHECK
    account = await _checked(request, offered)
    secret = gate.settings.secret_of(account)
    if secret is None:
        raise WRONG
    cookie = sessions.issue(gate.settings.session_key, account, secret, now_at=clock.now_at())
    user = gate.settings.account(account)
    person = original.signed_in(user.email if user else offered.email, is_admin=user is None or user.is_admin)
    signed_in = answer({"success": True, "user": person})
    _set_cookie(request, signed_in, sessions.COOKIE, cookie, sessions.LIFETIME_S)
    device = sessions.device_for(gate.settings.session_key, account)
    _set_cookie(request, signed_in, sessions.DEVICE_COOKIE, device, sessions.DEVICE_LIFETIME_S)
    return signed_in


@router.post(
    "/logout",
    summary="Sign out",
    responses={200: {"model": Done, "description": "The session has ended."}},
)
async def logout(request: Request) -> Response:
    """Ends the session everywhere, its open streams too; needs no credential."""
    cookie = request.cookies.get(sessions.COOKIE, "")
    await to_thread.run_sync(gate_of(request).end, cookie, services_of(request).clock.now_at())
    signed_out = answer({"success": True})
    _set_cookie(request, signed_out, sessions.COOKIE, "", 0)
    return signed_out


async def _checked(request: Request, offered: Credentials) -> str:
    """The account that the credentials open.

    Guesses are counted for the account at this address (or in this browser, where it has signed in before),
    and for the address whatever the account. Who has guessed much waits; a right password forgives the
    guesses at its own account alone.
    """
    gate, clock = gate_of(request), services_of(request).clock
    address, now_s = address_of(request), clock.monotonic_s()
    aimed_at, device = _aimed_at(gate, request, offered.email)
    name = f"{aimed_at} {device or address}"
    wait_s = max(gate.sign_ins.wait_s(name, now_s), 0.0 if device else gate.sprayed.wait_s(address, now_s))
    if wait_s > PATIENCE_S:
        raise TooManyGuesses(wait_s)
    if gate.one_guess_at_a_time.statistics().tasks_waiting >= MOST_WAITING:
        raise ApiError(503, "Too many people are signing in; try again.", headers={"retry-after": "5"})
    gate.sign_ins.guessed(name, now_s)
    gate.sprayed.guessed(address, now_s)
    if wait_s > 0:
        await clock.sleep(wait_s)
    account = await to_thread.run_sync(
        _account_of, gate, offered.email, offered.password, limiter=gate.one_guess_at_a_time
    )
    if account is None:
        log.warning("a wrong password came from %s for the account %r", address, aimed_at[:100])
        raise WRONG
    gate.sprayed.was_right(address)
    if account == aimed_at:
        gate.sign_ins.forgive(name)
    return account


def _aimed_at(gate: Authenticator, request: Request, email: str) -> tuple[str, str | None]:
    """The account that an attempt aims at, and the id of the browser if it has signed in there before."""
    user = _named(gate.settings.accounts(), email)
    account = user.id if user else OWNER if gate.settings.auth_password else email.strip().casefold()
    cookie = request.cookies.get(sessions.DEVICE_COOKIE, "")
    return account, sessions.device_of(gate.settings.session_key, cookie, account)


def _named(people: Sequence[Account], email: str) -> Account | None:
    wanted = email.strip().casefold()
    return next((user for user in people if user.email.casefold() == wanted), None)


def _account_of(gate: Authenticator, email: str, password: str) -> str | None:
    """Which account the credentials open. Takes as long for an unknown e-mail as for a wrong password."""
    settings = gate.settings
    people = settings.accounts()
    user = _named(people, email)
    if people and verify_password(password, user.password_hash if user else DECOY) and user:
        return user.id
    if settings.auth_password and same_password(password, settings.auth_password):
        return OWNER
    return None


def _set_cookie(request: Request, response: Response, name: str, value: str, max_age_s: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
