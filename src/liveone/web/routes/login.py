"""Signing in and out: the session cookie that the pages use."""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Body, Request, Response

from liveone.accounts import audit
from liveone.accounts.credentials import StoredCredential
from liveone.accounts.passwords import (
    DECOY,
    hash_password,
    hash_token,
    is_outdated,
    same_password,
    verify_password,
)
from liveone.accounts.people import OWNER
from liveone.accounts.second_steps import APP, PASSKEY, RECOVERY
from liveone.accounts.users import Account, address_key
from liveone.errors import sentence
from liveone.store.database import ReadOnly
from liveone.store.store import Query
from liveone.web.answers import ApiError, answer, log
from liveone.web.auth import passkeys, second_step, sessions
from liveone.web.auth.access import gate_of, services_of
from liveone.web.auth.before_body import AskedFirst
from liveone.web.auth.callers import Authenticator, TooManyGuesses, address_of
from liveone.web.history import original
from liveone.web.openapi.models import DONE, Credentials, Done, Failure, ShownPasskey, SignedIn

router = APIRouter(route_class=AskedFirst, prefix="/api/auth", tags=["sign in"])
WRONG = ApiError(401, sentence("That e-mail and password do not belong together."))
NOTHING_TO_CHECK = ApiError(
    400, sentence("No password or account is configured on this server; none is needed.")
)
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
"""What stands in User-Agent, and what it means; the first that fits holds: each claims to be others too."""
MOST_WAITING = 20
PATIENCE_S = 5.0
"""So long an attempt waits for its turn; who would have to wait longer is told so."""

BY = {"": "", APP: ", with a code", RECOVERY: ", with a recovery code", PASSKEY: ", with a passkey"}
"""How the audit log says what proved more than a password."""

DISABLED = ApiError(403, sentence("This account is disabled. Ask an administrator."))


@router.post(
    "/login",
    summary="Sign in",
    responses={
        200: {"model": SignedIn, "description": "Signed in; the session cookie is set."},
        400: {"model": Failure, "description": "Nothing to sign in to."},
        401: {"model": Failure, "description": "Wrong e-mail or password; or `secondStep` says what else."},
        429: {"model": Failure, "description": "Too many wrong passwords from this address."},
    },
)
async def login(request: Request, offered: Annotated[Credentials, Body()]) -> Response:
    """With a single owner any e-mail will do; the password is AUTH_PASSWORD. `code` is of an app, or a
    recovery code, where the account asks for one."""
    gate = gate_of(request)
    await gate.refresh()
    if not gate.snapshot.is_known and not gate.settings.auth_password:
        await to_thread.run_sync(gate.people.asked)
    if gate.is_open:
        raise NOTHING_TO_CHECK
    account = await _checked(request, offered)
    await gate.refresh()
    user = gate.snapshot.accounts.get(account)
    if user is not None and user.is_disabled:
        raise DISABLED
    by = await _second_step(request, user, offered.code) if user else ""
    await to_thread.run_sync(_keep_anew, gate, user, offered.password)
    person = original.signed_in(user.email if user else offered.email, is_admin=user is None or user.is_admin)
    signed_in = answer({"success": True, "user": person})
    await sign_in(request, signed_in, account)
    await noted(request, account, "signed in", f"{device_name(request)}{BY[by]}")
    return signed_in


@router.post("/passkey/ask", summary="Begin to sign in with a passkey", responses=DONE)
async def ask_passkey(request: Request) -> Response:
    """`options` for `navigator.credentials.get`: any passkey of this host will do."""
    gate = gate_of(request)
    options, challenge = await to_thread.run_sync(passkeys.asked_to_show, request)
    begun = answer({"success": True, "options": options})
    cookie = passkeys.cookie_of(gate.settings.session_key, challenge, "", services_of(request).clock.now_at())
    set_cookie(request, begun, passkeys.COOKIE, cookie, passkeys.LIFETIME_S)
    return begun


@router.post(
    "/passkey",
    summary="Sign in with a passkey",
    responses={
        200: {"model": SignedIn, "description": "Signed in; the session cookie is set."},
        401: {"model": Failure, "description": "It opens no account here, or was not unlocked."},
    },
)
async def show_passkey(request: Request, shown: ShownPasskey) -> Response:
    """What the browser answered: PublicKeyCredential as JSON. It proves the second step, too."""
    gate, now_at = gate_of(request), services_of(request).clock.now_at()
    await gate.refresh()
    asked = await to_thread.run_sync(passkeys.returned, request, gate, "", now_at)
    proving = partial(passkeys.shown, request, gate.snapshot.steps, asked.challenge, shown.credential)
    one, count = await to_thread.run_sync(proving, limiter=gate.one_guess_at_a_time)
    await to_thread.run_sync(passkeys.use_up, gate, asked, now_at)
    user = gate.snapshot.accounts.get(one.account)
    if user is None or user.is_disabled:
        raise DISABLED
    await to_thread.run_sync(_seen, gate, one.id, count, int(now_at))
    person = original.signed_in(user.email, is_admin=user.is_admin)
    signed_in = answer({"success": True, "user": person})
    await sign_in(request, signed_in, user.id)
    await noted(request, user.id, "signed in", f"{device_name(request)}{BY[PASSKEY]}")
    return signed_in


async def _second_step(request: Request, user: Account, code: str) -> str:
    """What proved the second step. Raises as ``second_step.proven``; a wrong one is in the audit log."""
    try:
        return await second_step.proven(request, user, code)
    except second_step.SecondStepNeeded as needed:
        if needed.was_wrong:
            await noted(request, user.id, "was refused", "right password, wrong second step")
        raise


def _seen(gate: Authenticator, step_id: int, count: int, now_at: int) -> None:
    """Note that a passkey was used; where nothing can be written it opens all the same."""
    with suppress(ReadOnly):
        gate.people.write([Query("second_steps_seen", (step_id, count, now_at))])


async def noted(request: Request, who: str, what: str, about: str = "") -> None:
    """Enter in the audit log what somebody did."""
    people, now_at = gate_of(request).people, services_of(request).clock.now_at()
    entering = partial(audit.note, people, who, what, about, address=address_of(request), now_at=now_at)
    await to_thread.run_sync(entering)


async def sign_in(request: Request, signed_in: Response, account: str) -> None:
    """Begin a session of an account in this browser; the one that it had before ends."""
    gate, now_at = gate_of(request), services_of(request).clock.now_at()
    secret = gate.secret_of(account)
    if secret is None:
        raise WRONG
    session = await to_thread.run_sync(_begin, request, account, now_at)
    key = gate.settings.session_key
    cookie = sessions.cookie_of(key, session, secret)
    set_cookie(request, signed_in, sessions.COOKIE, cookie, sessions.LIFETIME_S)
    device = sessions.device_for(key, account)
    set_cookie(request, signed_in, sessions.DEVICE_COOKIE, device, sessions.DEVICE_LIFETIME_S)
    user = gate.snapshot.accounts.get(account)
    if user is not None and user.language:
        set_language(signed_in, user.language)


def _begin(request: Request, account: str, now_at: float) -> sessions.LoginSession:
    """A new session, kept in the database where that keeps any and can be written to."""
    gate = gate_of(request)
    gate.end(request.cookies.get(sessions.COOKIE, ""), now_at)
    session = sessions.begin(account, now_at, is_kept=gate.snapshot.are_kept)
    if not session.is_kept:
        return session
    kept = StoredCredential(
        "session", hash_token(session.id), account, name=device_name(request), until_at=session.until_at
    )
    try:
        gate.people.keep(kept)
    except ReadOnly:
        return replace(session, is_kept=False)
    gate.people.refresh()
    return session


def _keep_anew(gate: Authenticator, user: Account | None, password: str) -> None:
    """Keep a password, which was just right, by today's method."""
    if user is None or not gate.snapshot.are_kept or not is_outdated(user.password_hash):
        return
    try:
        gate.people.change(replace(user, password_hash=hash_password(password)))
    except ReadOnly:
        return
    gate.people.refresh()


def device_name(request: Request) -> str:
    """What a browser says that it is, in two words: ``Firefox, Linux``."""
    agent = request.headers.get("user-agent", "")
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return ", ".join(filter(None, (browser, system))) or "a program"


@router.post(
    "/logout",
    summary="Sign out",
    responses={200: {"model": Done, "description": "The session has ended."}},
)
async def logout(request: Request) -> Response:
    """Ends the session everywhere, its open streams too; needs no credential."""
    cookie = request.cookies.get(sessions.COOKIE, "")
    await gate_of(request).refresh()
    await to_thread.run_sync(gate_of(request).end, cookie, services_of(request).clock.now_at())
    signed_out = answer({"success": True})
    set_cookie(request, signed_out, sessions.COOKIE, "", 0)
    return signed_out


async def _checked(request: Request, offered: Credentials) -> str:
    """The account that the credentials open.

    Guesses are counted for the account at this address (or in this browser, where it has signed in before),
    and for the address whatever the account. Who has guessed much waits; a right password forgives the
    guesses at its own account alone. However many strangers wait, such a browser does not wait behind them.
    """
    gate, clock = gate_of(request), services_of(request).clock
    address, now_s = address_of(request), clock.monotonic_s()
    aimed_at, device = _aimed_at(gate, request, offered.email)
    name = f"{aimed_at} {device or address}"
    wait_s = max(gate.sign_ins.wait_s(name, now_s), 0.0 if device else gate.sprayed.wait_s(address, now_s))
    if wait_s > PATIENCE_S:
        raise TooManyGuesses(wait_s)
    line = gate.known_browsers if device else gate.one_guess_at_a_time
    if line.statistics().tasks_waiting >= MOST_WAITING:
        raise ApiError(
            503, sentence("Too many people are signing in; try again."), headers={"retry-after": "5"}
        )
    gate.sign_ins.guessed(name, now_s)
    gate.sprayed.guessed(address, now_s)
    if wait_s > 0:
        await clock.sleep(wait_s)
    account = await to_thread.run_sync(_account_of, gate, offered.email, offered.password, limiter=line)
    if account is None:
        log.warning("a wrong password came from %s for the account %r", address, aimed_at[:100])
        raise WRONG
    gate.sprayed.was_right(address)
    if account == aimed_at:
        gate.sign_ins.forgive(name)
    return account


def _aimed_at(gate: Authenticator, request: Request, email: str) -> tuple[str, str | None]:
    """The account that an attempt aims at, and the id of the browser if it has signed in there before."""
    user = gate.snapshot.named(email)
    account = user.id if user else OWNER if gate.settings.auth_password else address_key(email)
    cookie = request.cookies.get(sessions.DEVICE_COOKIE, "")
    return account, sessions.device_of(gate.settings.session_key, cookie, account)


def _account_of(gate: Authenticator, email: str, password: str) -> str | None:
    """Which account the credentials open. Takes as long for an unknown e-mail as for a wrong password."""
    settings, found = gate.settings, gate.snapshot
    user = found.named(email)
    kept = user.password_hash if user else ""
    if found.accounts and verify_password(password, kept or DECOY) and user:
        return user.id
    if settings.auth_password and same_password(password, settings.auth_password):
        return OWNER
    return None


def set_language(response: Response, language: str) -> None:
    """The cookie that pages are written by; their scripts set it too."""
    response.set_cookie("lang", language, max_age=sessions.DEVICE_LIFETIME_S, path="/", samesite="lax")


def set_cookie(request: Request, response: Response, name: str, value: str, max_age_s: int) -> None:
    """A cookie that no script reads and no other site's page sends."""
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
