"""Signing in and out: the session cookie that the pages use."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Body, Request, Response

from liveone.web import original, sessions
from liveone.web.access import gate_of, services_of
from liveone.web.answers import ApiError, answer
from liveone.web.auth import OWNER, Gate, client_of, too_many
from liveone.web.models import Credentials, Done, Failure, SignedIn
from liveone.web.passwords import same_password, verify_password

router = APIRouter(prefix="/api/auth", tags=["sign in"])
WRONG = ApiError(401, "That e-mail and password do not belong together.")
NOTHING_TO_CHECK = ApiError(400, "No password or account is configured on this server; none is needed.")
MOST_WAITING = 20
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
    if gate.settings.is_open:
        raise NOTHING_TO_CHECK
    account = await _checked(gate, client_of(request), offered, clock.monotonic_s())
    secret = gate.secret_of(account)
    assert secret is not None
    cookie = sessions.issue(gate.settings.session_key, account, secret, now_at=clock.now_at())
    user = gate.user(account)
    told = original.signed_in(user.email if user else offered.email, is_admin=user is None or user.is_admin)
    signed_in = answer({"success": True, "user": told})
    _set_cookie(request, signed_in, cookie, sessions.LIFETIME_S)
    return signed_in


@router.post(
    "/logout",
    summary="Sign out",
    responses={200: {"model": Done, "description": "The session cookie is gone."}},
)
async def logout(request: Request) -> Response:
    """Removes the session cookie from this browser; needs no credential."""
    signed_out = answer({"success": True})
    _set_cookie(request, signed_out, "", 0)
    return signed_out


async def _checked(gate: Gate, client: str, offered: Credentials, now_s: float) -> str:
    """The account that the credentials open. An attempt counts from its start: many at once do not help."""
    wait_s = gate.logins.wait_s(client, now_s)
    if wait_s:
        raise too_many(wait_s)
    if gate.one_guess_at_a_time.statistics().tasks_waiting >= MOST_WAITING:
        raise ApiError(503, "Too many people are signing in; try again.", headers={"retry-after": "5"})
    gate.logins.failed(client, now_s)
    account = await to_thread.run_sync(
        _account_of, gate, offered.email, offered.password, limiter=gate.one_guess_at_a_time
    )
    if account is None:
        raise WRONG
    gate.logins.forgive(client)
    return account


def _account_of(gate: Gate, email: str, password: str) -> str | None:
    """Which account the credentials open. Takes as long for an unknown e-mail as for a wrong password."""
    settings = gate.settings
    wanted = email.strip().casefold()
    user = next((user for user in settings.users if user.email.casefold() == wanted), None)
    if settings.users and verify_password(password, user.password_hash if user else DECOY) and user:
        return user.id
    if settings.auth_password and same_password(password, settings.auth_password):
        return OWNER
    return None


def _set_cookie(request: Request, response: Response, value: str, max_age_s: int) -> None:
    response.set_cookie(
        sessions.COOKIE,
        value,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
